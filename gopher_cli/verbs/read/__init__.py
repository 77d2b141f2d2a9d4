"""What is only read: lists, one job, counts, the fleet."""
