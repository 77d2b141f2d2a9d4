"""The verbs from far away: what the command line does through the HTTP API of a `gopher serve`."""
