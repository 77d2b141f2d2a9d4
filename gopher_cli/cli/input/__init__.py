"""From options and arguments to values: filters, payloads, moments, jobs, schedules."""
