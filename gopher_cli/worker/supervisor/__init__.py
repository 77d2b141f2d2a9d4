"""The supervisor process: it starts runners, keeps their leases, and never runs user code."""
