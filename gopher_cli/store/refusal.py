"""What Redis says instead of an answer."""

from __future__ import annotations


class Refusal(Exception):
    """Redis's own words. They begin with a code: OOM, MOVED, NOSCRIPT, ERR ..."""

    @property
    def code(self) -> str:
        return str(self).partition(" ")[0]
