"""Findings about servers that work together: of many the worst, and what holds them together. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from gopher_cli.model.findings import Finding, Severity
from gopher_cli.store.routing.routes import SLOTS
from gopher_cli.store.url import Address
from gopher_cli.verbs.doctor.server_findings import about, critical, note, number_in, warning

_SHOWN = 5
_RANKS = list(Severity)


def place_of(node: Address) -> str:
    """A server in few words."""
    host, port = node.hosts[0] if node.hosts else (node.path, 0)
    return f"{host}:{port}" if port else host


# Many as one


def as_one(by_node: Mapping[str, Sequence[Finding]]) -> list[Finding]:
    """One finding of each name: the worst, with the place that it is about. ``by_node`` is by place."""
    if len(by_node) == 1:
        return [finding for findings in by_node.values() for finding in findings]
    apart: dict[str, list[tuple[str, Finding]]] = {}
    for place, findings in by_node.items():
        for finding in findings:
            apart.setdefault(finding.name, []).append((place, finding))
    return [_worst(those, len(by_node)) for those in apart.values()]


def _worst(those: Sequence[tuple[str, Finding]], servers: int) -> Finding:
    if len(those) == servers and len({finding.meaning for _, finding in those}) == 1:
        return replace(those[0][1], fix=_on_each(those[0][1].fix))
    place, worst = max(those, key=lambda item: _RANKS.index(item[1].severity))
    alike = sum(finding.severity is worst.severity for _, finding in those) - 1
    more = f" (and {alike} more like it)" if alike and worst.is_trouble else ""
    where = "" if place in worst.meaning else f"{place}: "
    return replace(worst, meaning=f"{where}{worst.meaning}{more}", fix=_at(worst.fix, place))


def _at(fix: str, place: str) -> str:
    host, _, port = place.rpartition(":")
    return fix.replace("redis-cli ", f"redis-cli -h {host} -p {port} ")


def _on_each(fix: str) -> str:
    return f"on every master: {fix}" if fix.startswith("redis-cli ") else fix


# A cluster


class Member(NamedTuple):
    """A node of a cluster, as another sees it. ``moving``: slots that it gives away or takes over."""

    place: str
    flags: frozenset[str]
    slots: tuple[range, ...]
    moving: tuple[str, ...]

    @property
    def is_dead(self) -> bool:
        return "fail" in self.flags or "noaddr" in self.flags


def members(nodes: str) -> list[Member]:
    """CLUSTER NODES, read. Only the node that was asked tells what it is moving."""
    seen = []
    for line in nodes.splitlines():
        _, place, flags, _, _, _, _, _, *slots = line.split(" ")
        parts = [slot.partition("-") for slot in slots if slot[:1].isdigit()]
        ranges = tuple(range(int(first), int(last or first) + 1) for first, _, last in parts)
        moving = tuple(slot.strip("[]").partition("-")[0] for slot in slots if slot.startswith("["))
        seen.append(Member(place.partition("@")[0], frozenset(flags.split(",")), ranges, moving))
    return seen


def cluster_findings(views: Mapping[str, tuple[Mapping[str, str], str]]) -> list[Finding]:
    """``views`` are CLUSTER INFO and CLUSTER NODES, by the place that tells them."""
    if not views:
        return []
    seen = {place: members(nodes) for place, (_, nodes) in views.items()}
    everybody = next(iter(seen.values()))
    states = {place: info.get("cluster_state", "?") for place, (info, _) in views.items()}
    findings = [_served(everybody, [place for place, state in states.items() if state != "ok"])]
    if dead := sorted(member.place for member in everybody if member.is_dead):
        what = f"{len(dead)} of {len(everybody)} do not answer: {_some(dead)}"
        findings.append(warning("cluster members", what, "start them, or: redis-cli CLUSTER FORGET ID"))
    moving = {(slot, place) for place, those in seen.items() for member in those for slot in member.moving}
    if moving:
        slots = sorted({int(slot) for slot, _ in moving})
        places = sorted({place for _, place in moving})
        what = f"{_some(map(str, slots))} (told by {_some(places)}); if nobody moves them any more: "
        findings.append(note("moving slots", f"{what}redis-cli --cluster fix {places[0]}"))
    return findings


def _served(everybody: Sequence[Member], failing: Sequence[str]) -> Finding:
    covered = {slot for member in everybody if not member.is_dead for part in member.slots for slot in part}
    words = f"{len(covered)} of {SLOTS} slots are served"
    masters = sum(bool(member.slots) and not member.is_dead for member in everybody)
    if len(covered) == SLOTS and not failing:
        return about("cluster slots", f"{words}, by {masters} masters")
    if lost := sorted(set(range(SLOTS)) - covered):
        words += f"; not {_ranges(lost)}"
    if failing:
        words += f"; the cluster is down, says {_some(failing)}"
    return critical("cluster slots", words, "see: redis-cli --cluster check HOST:PORT")


def _ranges(slots: Sequence[int]) -> str:
    """1-3, 7: where neighbours go together."""
    starts = [slot for slot, before in zip(slots, [-2, *slots], strict=False) if slot != before + 1]
    ends = [slot for slot, after in zip(slots, [*slots[1:], -2], strict=True) if slot != after - 1]
    pairs = zip(starts, ends, strict=True)
    return _some(f"{first}-{last}" if first != last else str(first) for first, last in pairs)


def _some(words: Iterable[str]) -> str:
    known = list(words)
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return ", ".join(known[:_SHOWN]) + more


# Sentinels


def sentinel_findings(
    known: Sequence[Mapping[str, str]], silent: Sequence[str], doubts: Sequence[str], info: Mapping[str, str]
) -> list[Finding]:
    """``known`` is what each sentinel tells of the master, ``doubts`` why some could not replace it, and
    ``info`` INFO of the master."""
    watchmen = 1 + max((number_in(sentinel, "num-other-sentinels") for sentinel in known), default=0)
    quorum = max((number_in(sentinel, "quorum") for sentinel in known), default=0)
    words = f"{len(known)} of {len(known) + len(silent)} answer, {watchmen} watch over the master"
    words += f", {quorum} must agree that it is down"
    see = "see: redis-cli -p 26379 SENTINEL CKQUORUM NAME"
    if doubts:
        findings = [critical("sentinels", f"they cannot replace a dead master: {doubts[0]}", see)]
    elif silent:
        fix = "start them, or name others in REDIS_URL"
        findings = [warning("sentinels", f"{words}; silent: {_some(silent)}", fix)]
    elif watchmen < 3:
        findings = [warning("sentinels", f"{words}: one that dies takes the rest with it", "run three")]
    else:
        findings = [about("sentinels", words)]
    return [*findings, *_successors(info)]


def _successors(info: Mapping[str, str]) -> list[Finding]:
    """Who can take over, and whether a master that was cut off stops taking jobs."""
    if not number_in(info, "connected_slaves"):
        return [warning("fail-over", "no replica can take over when the master dies", "attach a replica")]
    if "min_slaves_good_slaves" not in info:
        lost = "a master that is cut off goes on taking jobs, which are lost when another has taken over; "
        return [note("fail-over", f"{lost}to prevent that: redis-cli CONFIG SET min-replicas-to-write 1")]
    return [about("fail-over", "a replica can take over; a master that is cut off takes no jobs")]
