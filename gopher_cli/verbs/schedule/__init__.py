"""Verbs of recurring jobs."""
