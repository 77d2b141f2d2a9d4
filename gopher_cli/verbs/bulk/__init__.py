"""Actions on all jobs that a filter means."""
