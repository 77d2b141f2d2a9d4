"""Forms: their fields, what was written into them, and what is wrong with it."""
