"""What `gopher doctor` looks at, how it judges, and what it mends."""
