"""One attempt at a job, from its start to its settlement."""
