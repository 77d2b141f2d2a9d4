"""What a setting is called, and what somebody has given for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Name(NamedTuple):
    """How one field is called: by its flag, and by its variables, the first of which wins.

    ``join`` is what stands between the parts of a list; a setting without it takes one value.
    """

    field: str
    flag: str
    variables: tuple[str, ...]
    secret: bool = False
    join: str = ""


class Given(NamedTuple):
    """A raw value, what the user calls the setting, and where it was found."""

    called: str
    raw: str
    origin: str


Layer = Mapping[str, Given]
