"""What the processes of a worker say to each other: a struct for each message, one JSON object a line."""

from __future__ import annotations

from typing import Any

import msgspec

from gopher_cli.model.job.outcome import Outcome
from gopher_cli.model.job.terms import HandlerWishes
from gopher_cli.model.schedule.declaration import Declaration
from gopher_cli.worker.options import WorkerOptions

Held = tuple[str, str]  # a job's id, and the token of its lease


class Message(msgspec.Struct, frozen=True, tag=True):
    """Its tag, in the field ``type``, is the name of its class."""


# From the supervisor to a runner


class Begin(Message, frozen=True):
    """The first: who it is, what it is to do, and what it is told by Share."""

    id: str
    options: WorkerOptions
    lent: int
    barred: list[str]


class Go(Message, frozen=True):
    """Fetch, and run jobs; one that begins ``quiet`` takes none until it hears otherwise."""

    quiet: bool


class Stop(Message, frozen=True):
    """Running jobs have so many seconds."""

    grace: float


class MakeWay(Message, frozen=True):
    """The same, for another process takes the place: nobody has ordered the worker to stop."""

    grace: float


class Quiet(Message, frozen=True):
    """Take no new jobs, or take them again."""

    quiet: bool


class CancelJobs(Message, frozen=True):
    """Operators want these to stop."""

    ids: list[str]


class DropJobs(Message, frozen=True):
    """The leases of these were lost: whatever comes of them is not its own any more."""

    ids: list[str]


class Share(Message, frozen=True):
    """So many slots are lent to processes that leave, and these jobs are stuck there."""

    lent: int
    barred: list[str]


class Recalled(Message, frozen=True):
    """It has stood still, and these that had waited in it have gone to others."""

    gone: list[Held]


class Fence(Message, frozen=True):
    """The leases in these queues may end: nothing of them runs on."""

    queues: list[str]


ToRunner = Begin | Go | Stop | MakeWay | Quiet | CancelJobs | DropJobs | Share | Recalled | Fence


# From a runner to the supervisor


class HandlerInfo(msgspec.Struct, frozen=True):
    """``schema`` is the JSON Schema of its payload."""

    schema: str
    wishes: HandlerWishes


class Loaded(Message, frozen=True):
    """The handlers by type, and the schedules that their code declares."""

    handlers: dict[str, HandlerInfo]
    schedules: list[Declaration]


class NotLoaded(Message, frozen=True):
    """The handlers do not load: the error, what to do, and the exit code for it."""

    error: str
    hint: str
    exit_code: int


class RunningJob(msgspec.Struct, frozen=True):
    """As the fleet knows it; ``seconds`` is for how long it has run."""

    id: str
    type: str
    queue: str
    seconds: float


class Status(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Once a second, and when there is news; ``ended`` is the last.

    ``current`` are the oldest that run, ``stuck`` those that heed nothing, ``youngest`` is for how long (s)
    the newest has run. ``unknown_types`` have no handler there. ``leaving``: another is to take its place
    at once, ``worn``: when it has ended. ``broken``: it has met a queue that it cannot serve.
    """

    busy: int = 0
    completed: int = 0
    failed: int = 0
    youngest: float = 0.0
    current: list[RunningJob] = []
    stuck: list[RunningJob] = []
    unknown_types: list[str] = []
    leaving: bool = False
    ended: bool = False
    worn: bool = False
    broken: bool = False


FromRunner = Loaded | NotLoaded | Status


# From a runner to an isolated process


class Prepare(Message, frozen=True):
    """The first: load the handlers."""

    options: WorkerOptions


class RunJob(Message, frozen=True):
    """A lease; ``spec`` as it is stored."""

    id: str
    queue: str
    token: str
    attempt: int
    losses: int
    spec: str


class Answer(Message, frozen=True):
    """To a Recall: what is known under its key, as JSON, if anything is."""

    value: str | None


ToIsolated = Prepare | RunJob | Answer


# From an isolated process to its runner; ``token`` says which job it is about


class Ready(Message, frozen=True):
    """It can run jobs."""


class Unready(Message, frozen=True):
    why: str


class Begun(Message, frozen=True):
    token: str


class Log(Message, frozen=True):
    token: str
    text: str


class Progress(Message, frozen=True):
    token: str
    fraction: float
    message: str


class Recall(Message, frozen=True):
    """What is known under this key? If nothing is, keep ``value`` (JSON), if that is not empty."""

    token: str
    key: str
    value: str


class Submit(Message, frozen=True):
    """A follow-up, as `ctx.submit` takes it."""

    token: str
    job_type: str
    payload: Any
    options: dict[str, Any]


class Finished(Message, frozen=True):
    token: str
    outcome: Outcome


AboutJob = Begun | Log | Progress | Recall | Submit | Finished
FromIsolated = Ready | Unready | AboutJob

decode_to_runner = msgspec.json.Decoder[ToRunner](ToRunner).decode
decode_from_runner = msgspec.json.Decoder[FromRunner](FromRunner).decode
decode_to_isolated = msgspec.json.Decoder[ToIsolated](ToIsolated).decode
decode_from_isolated = msgspec.json.Decoder[FromIsolated](FromIsolated).decode
