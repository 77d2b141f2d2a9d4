"""Gopher: the verbs, joined, and the handlers that an application registers on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from gopher_cli.handlers import Registry
from gopher_cli.model.facts import Listener
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.payload import EMPTY
from gopher_cli.verbs import access as _access
from gopher_cli.verbs import doctor as _doctor
from gopher_cli.verbs import idempotency as _idempotency
from gopher_cli.verbs import operate as _operate
from gopher_cli.verbs import outbox as _outbox
from gopher_cli.verbs import parents as _parents
from gopher_cli.verbs import queues as _queues
from gopher_cli.verbs import remove_queue as _remove_queue
from gopher_cli.verbs import requeue as _requeue
from gopher_cli.verbs import reschedule as _reschedule
from gopher_cli.verbs import startup as _startup
from gopher_cli.verbs import submit as _submit
from gopher_cli.verbs import work as _work
from gopher_cli.verbs.bulk import bulk as _bulk
from gopher_cli.verbs.core import Announced, Core
from gopher_cli.verbs.read import failure_groups as _failure_groups
from gopher_cli.verbs.read import fleet as _fleet
from gopher_cli.verbs.read import history as _history
from gopher_cli.verbs.read import inspect as _inspect
from gopher_cli.verbs.read import job_contents as _job_contents
from gopher_cli.verbs.read import stats as _stats
from gopher_cli.verbs.read import watch as _watch
from gopher_cli.verbs.schedule import backfill as _backfill
from gopher_cli.verbs.schedule import declare as _declare
from gopher_cli.verbs.schedule import expects as _expects
from gopher_cli.verbs.schedule import schedule_rows as _schedule_rows
from gopher_cli.verbs.schedule import schedules as _schedules
from gopher_cli.verbs.schedule import ticks as _ticks
from gopher_cli.verbs.select import list as _list

if TYPE_CHECKING:
    from gopher_cli.store.stores.redis_store import RedisStore

F = TypeVar("F", bound=Callable[..., Any])


class Gopher(Core):
    """A job queue on Redis. Every door (CLI, HTTP, worker, your program) calls these verbs.

    As an application object it needs nothing: ``app = Gopher()``, and ``@app.handler("email")``.
    As a client, use it as an async context manager; without a URL it takes the settings of the
    environment, and without those the embedded server::

        async with Gopher("redis://localhost") as gopher:
            id = await gopher.submit("email", {"to": "ann@example.com"})
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        store: RedisStore | None = None,
        namespace: str = "",
        defaults: Defaults | None = None,
        listeners: Iterable[Listener] = (),
    ) -> None:
        self._asked = (url, namespace, defaults)
        self.registry = Registry()
        self.namespace = namespace or "gopher"
        self.defaults = defaults or Defaults()
        self.listeners = list(listeners)
        self.announced = Announced()
        self.awaits = {}
        if store is not None:
            self.store = store

    # Jobs come in
    submit = _submit.submit
    submit_many = _submit.submit_many
    confirm = _submit.confirm
    batch_marks = _submit.batch_marks
    batch_mark = _submit.batch_mark
    mark_batch = _submit.mark_batch
    schema_of = _submit.schema_of
    types = _fleet.list_types
    check = _startup.check
    stand = _startup.stand
    claim_reply = _idempotency.claim_reply
    keep_reply = _idempotency.keep_reply

    # Jobs are looked at
    find = _inspect.find
    queue_of = _inspect.queue_of
    queues_of = _inspect.queues_of
    inspect = _inspect.inspect
    jobs = _list.list_jobs
    page = _list.list_page
    slices = _list.list_slices
    places = _queues.queues_and_places
    failure_groups = _failure_groups.failure_groups
    specs = _job_contents.specs
    due_next = _job_contents.due_next
    count_poison = _job_contents.count_poison
    blocked = _submit.blocked
    unknown = _parents.unknown
    elsewhere = _parents.queues_with

    # Jobs are acted upon
    act = _operate.act
    retry = _requeue.retry
    run_now = _requeue.run_now
    move = _requeue.move
    cancel = _operate.cancel
    delete = _operate.delete
    reschedule = _reschedule.reschedule
    count = _bulk.count
    bulk = _bulk.bulk
    do_to = _bulk.do_to
    tally = _bulk.tally
    place_of = _bulk.place_of
    purge = _bulk.purge
    retry_all = _bulk.retry_all
    cancel_all = _bulk.cancel_all

    # Queues and workers
    queues = _queues.list_queues
    known_queues = _queues.known_queues
    pause = _operate.pause
    remove_queue = _remove_queue.remove_queue
    stats = _stats.stats
    queue_stats = _stats.list_queue_stats
    speeds = _stats.speeds
    depth = _stats.depth
    time_ms = _stats.time_ms
    history = _history.history
    sample = _history.sample
    totals = _history.type_totals
    figures = _history.figures
    workers = _fleet.list_workers
    order = _fleet.order
    server = _fleet.server
    memory_is_full = _fleet.memory_is_full
    event_reader = _watch.event_reader
    watch = _watch.watch
    past_events = _watch.past_events
    audit_log = _watch.audit_log

    # Schedules and expects
    set_schedule = _schedules.set_schedule
    put_schedule = _schedules.put_schedule
    make_schedule = _schedules.make_schedule
    declare_schedule = _declare.declare_schedule
    pause_schedule = _schedules.pause_schedule
    resume_schedule = _schedules.resume_schedule
    drop_schedule = _schedules.drop_schedule
    run_schedule = _schedules.run_schedule
    backfill = _backfill.backfill
    schedules = _schedule_rows.list_schedules
    schedule_row = _schedule_rows.schedule_row
    schedules_called = _schedule_rows.schedules_called
    schedules_named = _schedule_rows.schedules_named
    schedule_names = _schedule_rows.schedule_names
    expect = _expects.expect
    drop_expect = _expects.drop_expect
    expects = _expects.list_expects

    # Keys and sessions of the API
    create_key = _access.create_key
    api_keys = _access.api_keys
    living_key = _access.living_key
    revoke_key = _access.revoke_key
    access_table = _access.access_table
    note_key_uses = _access.note_key_uses
    session_secret = _access.session_secret
    sign_out = _access.sign_out
    sign_out_all = _access.sign_out_all

    # What workers and servers do
    reserve = _work.reserve
    settle = _work.settle
    renew = _work.renew
    held = _work.held
    lease = _work.lease
    lease_ms = property(_work.lease_ms)
    report = _work.report
    once = _work.once
    histories = _work.histories
    release = _work.release
    reclaim = _work.reclaim
    requeue_unhandled = _work.requeue_unhandled
    promote_due = _work.promote_due
    expire = _work.expire
    relay = _outbox.relay
    due = _outbox.due
    plan_delivery = _outbox.plan_delivery
    tick = _ticks.tick
    tick_heads = _ticks.tick_heads
    restart_ticks = _ticks.restart_ticks
    publish_types = _startup.publish_types
    terms = _queues.type_terms
    beat = _fleet.beat
    silent = _fleet.silent
    bury = _fleet.bury
    bury_the_dead = _fleet.bury_the_dead

    # The doctor
    diagnose = _doctor.diagnose
    heal = _doctor.heal

    def handler(self, type: str, **options: Any) -> Callable[[F], F]:
        """Register a function for a type of job; see Registry.handler."""
        return self.registry.handler(type, **options)

    def schedule(self, name: str, type: str = "", payload: Any = EMPTY, **options: Any) -> Callable[[F], F]:
        """Declare a recurring job, which workers set at their start; see Registry.schedule::

        @app.schedule("nightly", cron="0 3 * * *", tz="Europe/Berlin")
        @app.handler("report")
        def report() -> None: ...

        app.schedule("poll", "poll", {"of": "mail"}, every=30)
        """
        return self.registry.schedule(name, type, payload, **options)

    async def __aenter__(self) -> Gopher:
        if not hasattr(self, "store"):
            from gopher_cli.connect import resolve  # late: an application object needs neither
            from gopher_cli.store.stores.redis_store import RedisStore

            url, namespace, defaults = self._asked
            place = resolve(url, namespace=namespace, defaults=defaults)
            self.store = RedisStore(place.address, timeout=place.timeout)
            self.namespace, self.defaults = place.namespace, place.defaults
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self.store.close()
