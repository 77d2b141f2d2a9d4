"""What routes have in common: bodies, parameters, views, the OpenAPI document."""
