"""Who may do what: scopes, roles and API keys as values."""
