"""A history is written by many processes into one file, a line for each begin and end, and read again."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from gopher_cli.model.errors import GopherError
from history import FOREVER, Op, Run

VARIABLE = "GOPHER_TEST_HISTORY"
_numbers = count()


class Recorder:
    """Appends whole lines: what a process has written is there even if it is killed in the next moment."""

    def __init__(self, path: str | Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(self, what: str, **facts: Any) -> None:
        line = {"what": what, "at": time.monotonic_ns(), **facts}
        os.write(self._file, msgspec.json.encode(line) + b"\n")

    @contextmanager
    def asks(
        self, client: str, kind: str, *ids: str, delay: float = 0.0, **facts: Any
    ) -> Iterator[list[str]]:
        """What happens in this block was asked for; put the answers, one for each id, into what it yields.

        If the answer never comes it stays open: nobody knows what has happened.
        """
        number, answers = f"{os.getpid()}-{next(_numbers)}", []
        began = time.monotonic_ns()
        due = began + round(delay * 1e9) if delay else 0
        self.write("ask", number=number, client=client, kind=kind, ids=ids, due=due, **facts)
        with suppress(GopherError):
            yield answers
            self.write("answer", number=number, answers=answers)

    def follows(self, token: str, id: str, **facts: Any) -> None:
        """A handler has asked for a follow-up: nobody hears an answer."""
        number = f"{os.getpid()}-{next(_numbers)}"
        self.write("ask", number=number, client=token, by=token, kind="follow", ids=[id], due=0, **facts)

    @contextmanager
    def runs(self, id: str, token: str) -> Iterator[None]:
        """What happens in this block is the run of a handler."""
        self.write("start", id=id, token=token, pid=os.getpid())
        try:
            yield
        except BaseException as error:
            said = "raised" if isinstance(error, Exception) else "stopped"
            self.write("end", id=id, token=token, said=said)
            raise
        self.write("end", id=id, token=token, said="completed")


def read(path: Path) -> tuple[list[Op], list[Run]]:
    written = path.read_bytes()
    whole = written[: written.rfind(b"\n") + 1]  # somebody may be writing the last line
    lines = [msgspec.json.decode(line) for line in whole.splitlines()]
    answers = {line["number"]: line for line in lines if line["what"] == "answer"}
    ends = {(line["id"], line["token"]): line for line in lines if line["what"] == "end"}
    ops = [op for line in lines if line["what"] == "ask" for op in _ops(line, answers.get(line["number"]))]
    runs = [_run(line, ends.get((line["id"], line["token"]))) for line in lines if line["what"] == "start"]
    return ops, runs


def _ops(ask: dict[str, Any], answer: dict[str, Any] | None) -> Iterator[Op]:
    ids: Sequence[str] = ask.pop("ids") or [""]
    words = answer["answers"] if answer else [""] * len(ids)
    facts = {name: value for name, value in ask.items() if name not in ("what", "at", "number")}
    facts["after"] = tuple(facts.get("after", ()))
    for id, word in zip(ids, words, strict=True):
        yield Op(**facts, id=id, began=ask["at"], ended=answer["at"] if answer else FOREVER, answer=word)


def _run(start: dict[str, Any], end: dict[str, Any] | None) -> Run:
    ended, said = (end["at"], end["said"]) if end else (FOREVER, "")
    return Run(start["id"], start["token"], start["at"], ended, said, start["pid"])
