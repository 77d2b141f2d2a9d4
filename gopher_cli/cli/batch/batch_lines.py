"""A line of a batch becomes a job, or a reason why not."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from gopher_cli.model.errors import BadData, GopherError, Usage
from gopher_cli.model.job.fields import FIELDS, JSON_KEYS, Contradiction, Kind, reader_of
from gopher_cli.model.job.job import Job
from gopher_cli.model.job.payload import EMPTY, MAX_PAYLOAD, check_json
from gopher_cli.model.job.value_checks import MAX_RETRIES
from gopher_cli.model.json_fault import fault_of
from gopher_cli.model.text.duration import parse_duration, parse_when
from gopher_cli.model.text.json_text import doubled_key

if TYPE_CHECKING:
    from gopher_cli.model.job.defaults import Defaults

LONGEST = MAX_PAYLOAD + 64 * 1024
_UNDECIDED = {dict, list, float}


class _Line(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What a line may say of one job alone. Durations are text such as 10m, or seconds."""

    type: str | None = None
    payload: msgspec.Raw = EMPTY
    queue: str | None = None
    delay: float | str | None = msgspec.field(default=None, name="in")
    at: float | str | None = None
    id: str | None = None
    after: list[str] | None = None


_TYPES: dict[Kind, Any] = {
    Kind.TEXT: str, Kind.PRIORITY: int | str, Kind.WHOLE: int, Kind.SECONDS: float | str,
    Kind.TEXTS: list[str], Kind.PAIRS: dict[str, str],
}  # fmt: skip
# Also the word of the command line, for what is said once there.
_KEYS = JSON_KEYS | {
    field.option.replace("-", "_"): (field, 0)
    for field in FIELDS
    if field.kind not in (Kind.TEXTS, Kind.PAIRS)
}
if TYPE_CHECKING:
    Line = _Line
else:
    Line = msgspec.defstruct(
        "Line", [(key, _TYPES[field.kind] | None, None) for key, (field, _) in _KEYS.items()], bases=(_Line,),
        forbid_unknown_fields=True, omit_defaults=True,
    )  # fmt: skip


class Made(msgspec.Struct):
    """A line, and what becomes of it: ``status`` is submitted, exists, refused, or unknown: it may be in."""

    line: int
    job: Job | None = None
    id: str = ""
    status: str = "refused"
    error: str = ""
    told: bool = False
    adds: int = 0  # to the digest of all lines
    sum: int = 0  # of all up to this one

    @property
    def is_known(self) -> bool:
        """Whether there is something to tell of it."""
        return bool(self.id or self.error)


_decoder = msgspec.json.Decoder(Line)


def make(
    defaults: Defaults,
    number: int,
    read: Callable[[], Line | None],
    batch: str,
    type: str,
    given: dict[str, Any],
) -> Made | None:
    """What ``read`` makes of a line; None where it is not a job. A bad one is refused; the others go on."""
    try:
        line = read()
        return Made(number, _job(defaults, number, line, batch, type, given)) if line else None
    except GopherError as error:
        return Made(number, error=str(error).replace("\n", " "))


def _job(defaults: Defaults, number: int, line: Line, batch: str, type: str, given: dict[str, Any]) -> Job:
    from gopher_cli.verbs.submit import new_job

    type_of_line = type if line.type is None else line.type
    if not type_of_line and line.type is None:
        raise Usage('the line has no "type", and there is no --type')
    said = _options(line)
    if "due" in said or "delay" in said:  # its own time, and not that of the command
        given = {name: value for name, value in given.items() if name not in ("due", "delay")}
    options = {**given, **said}
    if batch and "id" not in options:
        options["id"] = batch_job_id(batch, number)
    return new_job(defaults, type_of_line, line.payload, **options)


class Checker:
    """Refuses lines whose payload does not fit what workers have published of one type.

    Lines of a batch are alike: flat payloads with the same fields of the same kinds are checked once.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        self._by_kind = b"enum" not in msgspec.json.encode(schema)
        self._fit: set[tuple[Any, ...]] = set()

    def check(self, made: Made) -> None:
        from gopher_cli.model.schema.json_schema import check_payload

        if made.job is None or not self._schema:
            return
        try:
            payload = msgspec.json.decode(made.job.spec.payload)
            kinds = self._kinds(payload)
            if kinds not in self._fit:
                check_payload(made.job.spec.type, self._schema, payload)
                if kinds and len(self._fit) < 1000:
                    self._fit.add(kinds)
        except (GopherError, msgspec.DecodeError, UnicodeDecodeError) as error:
            made.job, made.error = None, str(error)

    def _kinds(self, payload: Any) -> tuple[Any, ...]:
        """Its fields with their kinds, or nothing where these do not decide: 3.0 is whole, 3.5 is not."""
        if not self._by_kind or not isinstance(payload, dict):
            return ()
        kinds = tuple((name, value.__class__) for name, value in payload.items())
        return kinds if not _UNDECIDED & {kind for _, kind in kinds} else ()


def read_line(text: bytes) -> Line:
    """A job as JSON. Raises BadData."""
    if len(text) > LONGEST:
        raise BadData("the line is longer than 1 MB")
    try:
        line = _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        check_json(text, "it", excerpt=False)
        raise BadData(_misfit(error)) from None
    # A payload is written out as it came: it is looked at where the job is made.
    if path := doubled_key(text, line):
        raise BadData(f"the key {str(path[-1])[:60]!r} comes twice")
    return line


def _misfit(error: Exception) -> str:
    """What keeps valid JSON from being a line."""
    unknown = fault_of(error).unknown if isinstance(error, msgspec.ValidationError) else None
    return str(error) if unknown is None else f"there is no field `{unknown}`"


def _options(line: Line) -> dict[str, Any]:
    """Only what the line says: the flags of the command fill the rest."""
    given = {
        "queue": line.queue, "id": line.id, "after": line.after, "delay": _seconds("in", line.delay),
        "due": _moment(line.at),
    }  # fmt: skip
    if line.delay is not None and line.at is not None:
        raise Contradiction("in", "at")
    given |= _fields_in(line)
    return {name: value for name, value in given.items() if value is not None}


def _seconds(name: str, value: float | str | None) -> float | None:
    try:
        return parse_duration(value) if isinstance(value, str) else value
    except ValueError as error:
        raise Usage(f"{name}: {error}") from None


def _count(key: str, value: int) -> int:
    least = _KEYS[key][1]
    if least and not least <= value <= MAX_RETRIES + least:  # else the check of the field says it
        raise Usage(f"{key} is from {least} to {MAX_RETRIES + least}, not {value}")
    return value


def _moment(value: float | str | None) -> float | None:
    try:
        return None if value is None else parse_when(str(value))
    except ValueError as error:
        raise Usage(f"at: {error}") from None


_fields_in = reader_of(_KEYS, {Kind.SECONDS: _seconds, Kind.WHOLE: _count})


def batch_job_id(batch: str, number: int) -> str:
    """The same line of the same batch has the same id for ever."""
    import hashlib

    digest = hashlib.blake2b(batch.encode(), digest_size=8).hexdigest()
    return f"b{digest}-{number}"
