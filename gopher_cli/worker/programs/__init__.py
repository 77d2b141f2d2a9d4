"""Processes that run one job each: programs, isolated handlers, and the keeper that starts them."""
