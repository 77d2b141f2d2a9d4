"""Yes-or-no variables of the environment that are not settings: ours, and those of other programs."""

from __future__ import annotations

import os

from gopher_cli.model.errors import BadConfig

_NO = ("", "0", "no", "false", "off")


def says_yes(name: str) -> bool:
    """Whether a variable of ours says yes, in the words of all settings; one that is not set says no.

    Raises BadConfig for any other word.
    """
    text = os.environ.get(name, "").strip()
    if not text:
        return False
    from gopher_cli.config.kinds import yes_or_no  # late: mostly it is not set

    try:
        return yes_or_no()(text) == "yes"
    except ValueError as error:
        raise BadConfig(f"{name} has a wrong value {text[:80]!r}: it takes {error}") from None


def is_on(name: str) -> bool:
    """Whether a variable that other programs know too is set, and to no word for no."""
    return os.environ.get(name, "").strip().lower() not in _NO
