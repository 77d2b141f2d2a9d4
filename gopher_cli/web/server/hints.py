"""Advice that only a client of the API gets."""

from __future__ import annotations

OTHER_KEY = "ask the operator of this server for a key that may do it"
FILL = "give it a value, or leave it out"
