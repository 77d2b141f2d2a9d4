"""Recurring jobs over HTTP."""
