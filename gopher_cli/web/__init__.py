"""The HTTP door: FastAPI, imported by `gopher serve` alone."""
