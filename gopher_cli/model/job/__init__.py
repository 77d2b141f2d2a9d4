"""A job: its fields, how it is made, under which terms it runs, and what becomes of it."""
