"""What a server, and the workers on it, say of their health: findings about all but the data."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from gopher_cli.model.errors import BadData, Denied, GopherError, TryLater, Unavailable
from gopher_cli.model.findings import Finding
from gopher_cli.store import calls
from gopher_cli.store.asks import ask, survey
from gopher_cli.store.calls import Depth
from gopher_cli.store.keyspace import Keys
from gopher_cli.store.url import Address
from gopher_cli.verbs.core import Core
from gopher_cli.verbs.doctor import worker_findings
from gopher_cli.verbs.doctor.expect_findings import of_expects
from gopher_cli.verbs.doctor.server_findings import about, critical, note, parted, server_findings, warning
from gopher_cli.verbs.doctor.topology_findings import as_one, cluster_findings, place_of, sentinel_findings
from gopher_cli.verbs.read.fleet import list_workers, worker_snapshots
from gopher_cli.verbs.schedule.expects import list_expects
from gopher_cli.verbs.startup import NEEDED, one_on_each

_PINGS = 50
_USED = (
    *NEEDED, "HSETNX", "HGETALL", "UNLINK", "SADD", "SMEMBERS", "SISMEMBER", "HSCAN", "ZSCAN", "TYPE",
    "BLPOP", "XADD", "XREAD", "XRANGE", "XREVRANGE", "PEXPIRE", "RENAMENX",
)  # fmt: skip
_FAR = 0.05


async def check_up(core: Core) -> list[Finding]:
    """Every server: what it is, how it keeps data, how quick it is, what it allows; and what holds
    several together. Raises Unavailable where there is no other."""
    nodes, by_node = await core.store.masters(), dict[str, list[Finding]]()
    for node in nodes:
        try:
            by_node[place_of(node)] = await _vitals(core, node)
        except Unavailable as error:
            if len(nodes) == 1:
                raise
            by_node[place_of(node)] = [
                critical("reachability", str(error), "start it: its queues stand still")
            ]
    findings = as_one(by_node)
    try:
        findings += await _rights(core)
    except (Unavailable, TryLater):  # told of already, or by the slots
        if not core.store.scattered:
            raise
    if core.store.scattered:
        findings += await _slots(core, nodes)
    if core.store.sentinels:
        findings += await _sentinels(core, nodes[0])
    return findings


async def _vitals(core: Core, node: Address) -> list[Finding]:
    info = await core.store.ask(ask.info(), node=node)
    fsync = await _setting(core, node, "appendfsync")
    vitals = server_findings(info, fsync, snapshots=await worker_snapshots(core, node))
    return [*await _answers(core, node, info), *vitals]


async def _setting(core: Core, node: Address, name: str) -> str:
    """Empty where Redis does not tell."""
    with suppress(GopherError):
        return await core.store.ask(survey.setting(name), node=node)
    return ""


async def _answers(core: Core, node: Address, info: Mapping[str, str]) -> list[Finding]:
    """How long an answer takes, and how far Redis's clock is from ours, within half the quickest."""
    taken, clocks = [], []
    await core.store.ask(survey.ping(), node=node)  # the connection is opened
    for _ in range(_PINGS):
        wall, start = time.time(), time.perf_counter()
        now = await core.store.ask(ask.time_ms(), node=node)
        taken.append(time.perf_counter() - start)
        clocks.append((taken[-1], now / 1000 - (wall + taken[-1] / 2)))
    taken.sort()
    error, skew = min(clocks)
    name = info.get("server_name", "redis").capitalize()
    version = info.get("valkey_version") or info.get("redis_version", "?")
    median, late = taken[len(taken) // 2], taken[-1]
    reached = f"{name} {version} at {node if core.store.scattered else core.store.address}"
    times = f"median {parted(median)}, slowest of {_PINGS} {parted(late)}"
    return [
        about("reachability", reached),
        _round_trip(median, times),
        _clock(skew, error / 2),
    ]


async def _rights(core: Core) -> list[Finding]:
    """Whether scripts run, and nothing that they need is refused, on any server that answers."""
    refused = {
        place_of(node): [await _rights_at(core, node, keys)]
        for node, keys in (await one_on_each(core)).items()
    }
    return as_one(refused)


async def _rights_at(core: Core, node: Address, keys: Keys) -> Finding:
    at = node if core.store.scattered else None
    try:
        refused = await core.store.run(calls.refused_commands(keys, _USED))
    except Denied as error:
        fix = "let this user run scripts: redis-cli ACL SETUSER NAME +eval +evalsha"
        return critical("rights", f"scripts are refused: {error}", fix)
    refused += await _refused(core, at, keys)
    if refused:
        words = ", ".join(dict.fromkeys(refused))
        plus = " ".join(f"+{word.lower()}" for word in dict.fromkeys(refused))
        fix = f"redis-cli ACL SETUSER {await _user(core, at)} {plus} '~{core.namespace}:*'"
        return critical("rights", f"commands or keys are refused: {words}", fix)
    return about("rights", f"the user {await _user(core, at)} may run scripts, and do what they do")


async def _refused(core: Core, node: Address | None, keys: Keys) -> list[str]:
    refused = []
    for name, command in survey.try_all(keys.held("doctor")):
        try:
            await core.store.ask(ask.Ask([command], lambda _: None), node=node)
        except Denied:
            refused.append(name)
        except (BadData, TryLater):  # a full memory is told of elsewhere
            continue
    return refused


async def _user(core: Core, node: Address | None) -> str:
    with suppress(GopherError):
        return await core.store.ask(survey.user(), node=node)
    return "of this connection"


async def _slots(core: Core, nodes: Sequence[Address]) -> list[Finding]:
    """Whether every slot has a server, as each says that answers, and which are on their way."""
    views = {}
    for node in nodes:
        with suppress(GopherError):
            views[place_of(node)] = await core.store.ask(survey.cluster(), node=node)
    return cluster_findings(views)


async def _sentinels(core: Core, master: Address) -> list[Finding]:
    """Whether those who watch over the master can replace it, and by whom."""
    name, known, silent, doubts = core.store.address.master, list[dict[str, str]](), [], []
    for sentinel in core.store.sentinels:
        try:
            known.append(await core.store.ask(survey.watched(name), node=sentinel))
            await core.store.ask(survey.quorum(name), node=sentinel)
        except BadData as error:
            doubts.append(f"{place_of(sentinel)}: {error}")
        except GopherError:
            silent.append(place_of(sentinel))
    info = await core.store.ask(ask.info(), node=master)
    return sentinel_findings(known, silent, doubts, info)


async def check_fleet(
    core: Core, depths: Mapping[str, Depth], types: Mapping[str, Mapping[str, int]]
) -> list[Finding]:
    """Workers against work, and what is expected.

    ``types`` counts, by queue, the types of jobs that wait.
    """
    infos = await list_workers(core)
    alive = [worker for worker in infos if worker.alive]
    findings = [*worker_findings.crew(infos, alive)]
    for queue, depth in depths.items():
        serving = [worker for worker in alive if queue in worker.queues]
        findings += worker_findings.of_queue(queue, depth, serving)
        findings += worker_findings.unhandled(queue, serving, types.get(queue, {}))
    return findings + of_expects([expect for expect in await list_expects(core) if expect.queue in depths])


def _round_trip(median: float, times: str) -> Finding:
    if median > _FAR:
        return note("round trip", f"{times}: far away, or busy")
    return about("round trip", times)


def _clock(skew: float, error: float) -> Finding:
    where = "ahead of" if skew > 0 else "behind"
    words = f"Redis is {parted(abs(skew))} {where} this machine (± {parted(error)})"
    if abs(skew) > 60 + error:
        return warning("clock", words, "set the clocks (NTP): a moment given here is another there")
    return note("clock", words) if abs(skew) > 1 + error else about("clock", words)
