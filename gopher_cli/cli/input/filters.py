"""From the options that choose jobs to a Filter, and from what people type of an id to the job."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gopher_cli.cli.shell.console import check_choice
from gopher_cli.model.errors import NotFound, Usage
from gopher_cli.model.text.duration import parse_duration
from gopher_cli.model.text.rate import parse_pace

if TYPE_CHECKING:
    from gopher_cli.config import Settings
    from gopher_cli.model.select.filter import Filter
    from gopher_cli.verbs.protocol import Verbs


def words(given: Sequence[str] | None) -> tuple[str, ...]:
    """Repeated options and commas: ``-Q a -Q b,c``. Raises Usage where they hold nothing but commas."""
    texts = [text for text in given or () if text]
    unique = tuple(dict.fromkeys(word.strip() for text in texts for word in text.split(",") if word.strip()))
    if texts and not unique:
        raise Usage(f"{texts[0]!r} names nothing", "name something, or leave the option out")
    return unique


def states(given: Sequence[str] | None) -> tuple[str, ...]:
    """Raises Usage for a word that is no state."""
    from gopher_cli.model.job.job import STATE_ALIASES, JobState  # late: a help page needs no jobs

    chosen = []
    for word in words(given):
        state = STATE_ALIASES.get(word, word)
        check_choice("--state", state, tuple(JobState))
        chosen.append(state)
    return tuple(dict.fromkeys(chosen))


def filter_of(
    which: Mapping[str, Any], state: Sequence[str] | None = None, *, within: Sequence[str] = (), of: str = ""
) -> Filter:
    """Raises Usage for a value that is empty or makes no sense, or that the search contradicts.

    ``which`` are the options of a command that choose jobs, by their names, but for their states. ``within``
    are the states that the command ``of`` this name is for: a filter has those of them that are said, or all
    where none is.
    """
    from gopher_cli.model.select.filter import Filter, check_group

    check_said(state=state, **{name: value for name, value in which.items() if name != "older_than"})
    if which["error"]:
        check_regex(which["error"])
    given: dict[str, Any] = {"states": states(state), "queues": words(which["queue"])}
    given |= {name: which[name] or "" for name in ("type", "tag", "error", "group")}
    given["older_than"] = _age(which["older_than"])
    filter = _narrowed(which["search"], given) if which["search"] else Filter(**given)
    check_group(filter.group)
    return _within(filter, within, of) if within else filter


def _age(text: str | None) -> float:
    seconds = duration("--older-than", text)
    if text is not None and seconds <= 0:
        raise Usage("--older-than: every job is older than nothing", "leave it out, or say how old")
    return seconds


def check_said(**given: str | Sequence[str] | None) -> None:
    """In a script, a variable that was not set must not mean all jobs."""
    for name, value in given.items():
        if value is not None and value != [] and not any(text.strip() for text in _texts(value)):
            raise Usage(f"--{name} is empty", f"name one, or leave --{name} out for all")


def _texts(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else words(value)


def _within(filter: Filter, states: Sequence[str], of: str) -> Filter:
    import msgspec

    states_said = filter.states_of(states)
    left = tuple(state for state in states_said if state in states)
    if not left:
        why = f"not {' and '.join(states_said)}" if states_said else "and a group has dead ones only"
        raise Usage(f"{of} is for {_spoken(states)} jobs, {why}", f"see: gopher {of} --help")
    return msgspec.structs.replace(filter, states=left)


def _spoken(names: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _narrowed(search: str, given: Mapping[str, Any]) -> Filter:
    """What a search says, and the other options beside it."""
    import msgspec

    from gopher_cli.model.select.filter_parser import parse_search

    filter = parse_search(search)
    for name, value in given.items():
        said = getattr(filter, name)
        if value and said and value != said:
            word = name.replace("_", " ").removesuffix(" than").removesuffix("s")
            raise Usage(
                f"the {word} in --search is {_listed(said)}, and elsewhere {_listed(value)}", "say it once"
            )
    return msgspec.structs.replace(filter, **{name: value for name, value in given.items() if value})


def _listed(value: Any) -> str:
    return ",".join(value) if isinstance(value, tuple) else f"{value}"


def check_regex(text: str) -> None:
    try:
        re.compile(text)
    except re.error as wrong:
        raise Usage(f"--error {text!r} is not a regular expression: {wrong}") from None


def duration(name: str, text: str | None, default: float = 0.0) -> float:
    """Seconds. Raises Usage that names the option."""
    if text is None:
        return default
    try:
        return parse_duration(text)
    except ValueError as wrong:
        raise Usage(f"{name}: {wrong}") from None


def whole(name: str, text: str | None, default: int = 0, *, least: int = 0) -> int:
    """Raises Usage that names the option."""
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,12}", text) or int(text) < least:
        raise Usage(f"{name} takes a whole number from {least}, not {text!r}")
    return int(text)


def per_second(text: str | None) -> float:
    """What --rate says; 0 where it says nothing: no limit. Raises Usage."""
    if text is None:
        return 0.0
    try:
        return parse_pace(text)
    except ValueError as wrong:
        raise Usage(f"--rate: {wrong}") from None


def remember(settings: Settings, id: str) -> None:
    """Keep the last id for @last. Best effort: a submit never fails for it."""
    import os

    file = settings.home / "last"
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = file.with_name(f"last.{os.getpid()}")
        part.write_text(id + "\n", encoding="utf-8")
        part.replace(file)
    except OSError:
        return


def typed_id(settings: Settings, text: str) -> str:
    """The text itself, or the last id submitted for @last. Raises NotFound."""
    if text != "@last":
        return text
    try:
        return Path(settings.home / "last").read_text(encoding="utf-8").strip()
    except OSError:
        raise NotFound("there is no @last yet", "submit a job first: gopher submit") from None


async def found_ids(
    gopher: Verbs, settings: Settings, given: Iterable[str], queue: str | None = None
) -> list[tuple[str, str]]:
    """(queue, id) of each, once, to look at it.

    Raises NotFound, Usage for a part that fits several, or Ambiguous for an id that several queues have.
    """
    check_said(queue=queue)
    places = [await gopher.find(typed_id(settings, text), queue or "") for text in given]
    return list(dict.fromkeys(places))
