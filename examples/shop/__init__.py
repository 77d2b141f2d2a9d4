"""A small shop, to see how an application uses gopher."""
