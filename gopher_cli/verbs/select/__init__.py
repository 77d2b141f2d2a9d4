"""Which stored jobs a filter means: scan ranges, merge them in the order of time, match each job."""
