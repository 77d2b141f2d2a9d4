"""The pages, a module for each: what it asks the verbs, and what it tells its template."""
