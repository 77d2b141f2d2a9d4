"""The command line: each file parses one command, calls one verb, and renders what it answers."""
