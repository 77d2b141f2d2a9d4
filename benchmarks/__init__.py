"""How fast gopher is, beside a bare line and its peers, in one run: ``python -m benchmarks``."""
