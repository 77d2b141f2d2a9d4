"""The worker: a supervisor that never runs user code, and runner processes that do."""
