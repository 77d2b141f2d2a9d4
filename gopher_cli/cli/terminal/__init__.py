"""The terminal, or what is there in its place: colour, encoding, output, environment."""
