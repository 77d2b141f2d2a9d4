"""What goes wrong with Redis, in gopher's words."""
