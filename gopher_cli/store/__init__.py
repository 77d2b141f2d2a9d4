"""The one room that knows Redis: its keys, its scripts, and how to talk to it."""
