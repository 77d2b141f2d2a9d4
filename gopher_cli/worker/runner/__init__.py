"""The runner process: it fetches jobs, has them executed, and stops well."""
