"""gopher schedule: its commands."""

from __future__ import annotations

from gopher_cli.cli.shell.entries import Entry

SCHEDULE = {
    "set": Entry("schedule_set:set_schedule", "define a recurring job, or change it", "Commands"),
    "ls": Entry("schedule_list:ls", "list the schedules: when, what is next, how it went", "Commands"),
    "show": Entry("schedule_list:show", "everything about one schedule", "Commands"),
    "next": Entry("schedule_next:show_next", "when it runs next, or what an expression means", "Commands"),
    "history": Entry("schedule_list:history", "what became of its last 20 runs", "Commands"),
    "pause": Entry("schedule_changes:pause", "let schedules run nothing for now", "Commands"),
    "resume": Entry("schedule_changes:resume", "let paused schedules go on", "Commands"),
    "run": Entry("schedule_changes:run", "run one now, beside its times", "Commands"),
    "backfill": Entry("schedule_changes:backfill", "run the times of one that are over", "Commands"),
    "rm": Entry("schedule_changes:rm", "remove schedules", "Commands"),
    "import": Entry("schedule_import:import_crontab", "take over a crontab", "Commands"),
}
