"""What Redis says instead of an answer."""

from __future__ import annotations

import re

# Redis 6 puts the code of what a script met into the middle of its own sentence.
_WITHIN = re.compile(r"^ERR Error running script.*?: -([A-Z]+) ", re.DOTALL)


class Refusal(Exception):
    """Redis's own words. They begin with a code: OOM, MOVED, NOSCRIPT, ERR ..."""

    @property
    def code(self) -> str:
        text = str(self)
        within = _WITHIN.match(text)
        return within[1] if within else text.partition(" ")[0]
