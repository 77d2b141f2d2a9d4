"""Which jobs are meant, and what is done to them."""
