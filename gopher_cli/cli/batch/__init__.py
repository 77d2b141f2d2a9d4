"""gopher submit --batch: many jobs from a file or a pipe."""
