"""Submitting over HTTP: one job or many, in every dialect."""
