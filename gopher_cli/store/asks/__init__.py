"""Plain commands that need no script: what to send, and how to read the answers."""
