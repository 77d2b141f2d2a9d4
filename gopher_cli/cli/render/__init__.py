"""From what verbs answer to tables, pictures and lines."""
