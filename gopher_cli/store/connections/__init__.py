"""Connections to one server: how they are made, shared, written to, and given up."""
