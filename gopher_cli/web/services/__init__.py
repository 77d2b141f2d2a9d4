"""What a server does across requests: group commit, idempotency, circuit breaker, event feed, ticks."""
