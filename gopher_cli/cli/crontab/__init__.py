"""gopher schedule import: a crontab becomes schedules."""
