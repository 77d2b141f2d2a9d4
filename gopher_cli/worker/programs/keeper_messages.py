"""What a keeper is told, and what it tells: apart from all else, for the process of the keepers is small."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import msgspec

from gopher_cli.worker.programs.resource_limits import ResourceLimits


class Order(msgspec.Struct, frozen=True):
    """What to start. As bytes, for a path need not be UTF-8.

    With ``environ`` it gets that, what programs need, and a directory of its own; without, it is one of ours.
    """

    command: list[bytes]
    environ: dict[bytes, bytes] | None
    limits: ResourceLimits

    @classmethod
    def of(cls, command: Sequence[str], environ: Mapping[str, str] | None, limits: ResourceLimits) -> Order:
        """Raises OSError for what no program can be given."""
        try:
            given = None if environ is None else {os.fsencode(k): os.fsencode(v) for k, v in environ.items()}
            return cls([os.fsencode(word) for word in command], given, limits)
        except UnicodeEncodeError as error:
            raise OSError(0, str(error)) from error

    def environment(self) -> dict[str, str]:
        return {os.fsdecode(name): os.fsdecode(value) for name, value in (self.environ or {}).items()}


class Answer(msgspec.Struct, frozen=True, tag=True):
    """Its tag, in the field ``type``, is the name of its class."""


class Starting(Answer, frozen=True):
    """From here on the program may have begun."""


class Started(Answer, frozen=True):
    pid: int


class NotStarted(Answer, frozen=True):
    """``errno`` is 0 where the system gave none."""

    error: str
    errno: int

    @classmethod
    def by(cls, error: Exception) -> NotStarted:
        text = str(error).encode("utf-8", "backslashreplace").decode()  # it may name a path
        return cls(text, getattr(error, "errno", None) or 0)


class Ended(Answer, frozen=True):
    """``ordered``: an order to stop had come to every process before."""

    code: int
    ordered: bool


class Crowded(Answer, frozen=True):
    """It had so many processes, and was killed for it."""

    processes: int


FromKeeper = Starting | Started | NotStarted | Ended | Crowded

encode_order = msgspec.msgpack.Encoder().encode
decode_order = msgspec.msgpack.Decoder(Order).decode
decode_from_keeper = msgspec.json.Decoder[FromKeeper](FromKeeper).decode


def line_of(answer: FromKeeper) -> bytes:
    return msgspec.json.encode(answer) + b"\n"
