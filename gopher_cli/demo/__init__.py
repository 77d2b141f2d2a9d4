"""`gopher demo`: real jobs, a real crash and a real repair, in a directory of its own."""
