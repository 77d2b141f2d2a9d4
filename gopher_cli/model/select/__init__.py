"""Which jobs are meant, and what an operator does with them."""
