"""A file for each command: it parses, calls one verb, and renders what it answers."""
