"""Size as a dimension: ten thousand leases, a hundred queues, a hundred thousand marks."""
