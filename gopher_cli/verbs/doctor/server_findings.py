"""Findings from what a server says of itself: version, memory, persistence, replicas. No I/O."""

from __future__ import annotations

from collections.abc import Mapping

from gopher_cli.model.findings import Finding, Severity
from gopher_cli.store.asks.ask import OLDEST, is_full, version_of
from gopher_cli.store.routing.disk import hindrance

_FULL = 0.9  # of maxmemory
_SIZES = {"GB": 1024**3, "MB": 1024**2, "KB": 1024}


def server_findings(info: Mapping[str, str], fsync: str, *, snapshots: bool) -> list[Finding]:
    """``fsync`` is Redis's setting, or empty where it does not tell; ``snapshots``: some are saved."""
    return [
        _version(info), _eviction(info), _memory(info), _persistence(info, fsync, snapshots=snapshots),
        *_saving(info), _replicas(info), _durability(info, fsync), *_loading(info),
    ]  # fmt: skip


def _version(info: Mapping[str, str]) -> Finding:
    version = info.get("redis_version", "0")
    words = f"speaks as Redis {version}"
    if version_of(info) < OLDEST:
        return critical("version", f"{words}: too old", "gopher needs Redis 6.2 or later, or Valkey")
    return about("version", words)


def _eviction(info: Mapping[str, str]) -> Finding:
    policy = info.get("maxmemory_policy", "noeviction")
    if policy == "noeviction":
        return about("eviction", "noeviction: nothing is thrown away")
    fix = "redis-cli CONFIG SET maxmemory-policy noeviction"
    what = "Redis may throw jobs away when its memory is full"
    if policy.startswith("volatile"):
        what = "our keys are spared, for they never expire; others may not be"
    words = f"{policy}: {what}; submit, worker and serve refuse it unless ACCEPT_EVICTION=yes"
    return critical("eviction", words, fix)


def _memory(info: Mapping[str, str]) -> Finding:
    used, limit = number_in(info, "used_memory"), number_in(info, "maxmemory")
    total = number_in(info, "total_system_memory")
    if limit:
        words = f"{sized(used)} of {sized(limit)} used ({used / limit:.0%})"
        if is_full(info):
            return critical(
                "memory",
                f"{words}: full, submits are refused",
                "gopher purge --state completed, or raise maxmemory",
            )
        if used > limit * _FULL:
            return warning(
                "memory", f"{words}: nearly full", "gopher purge --state completed, or raise maxmemory"
            )
        return about("memory", words)
    words = f"{sized(used)} used, without a limit"
    if total and used > total * 0.75:
        return warning(
            "memory", f"{words}, of {sized(total)} that the machine has", "set maxmemory, or free some"
        )
    return about("memory", words)


def _persistence(info: Mapping[str, str], fsync: str, *, snapshots: bool) -> Finding:
    if info.get("aof_enabled") == "1":
        words = f"append-only file, fsync {fsync or '(Redis does not tell)'}"
        if fsync == "no":
            return warning(
                "persistence",
                f"{words}: a power failure loses what the kernel holds",
                "redis-cli CONFIG SET appendfsync everysec",
            )
        return about("persistence", words)
    fix = "redis-cli CONFIG SET appendonly yes"
    if snapshots:
        return warning("persistence", "snapshots only: a crash loses what came after the last", fix)
    return warning("persistence", "none: a crash of Redis loses every job", fix)


def _saving(info: Mapping[str, str]) -> list[Finding]:
    """The last tries to write to the disk, where one has failed."""
    findings = []
    for name, what in (
        ("aof_last_write_status", "the last write of the append-only file has failed"),
        ("aof_last_bgrewrite_status", "the last rewrite of the append-only file has failed"),
        ("rdb_last_bgsave_status", "the last snapshot has failed"),
    ):
        if info.get(name, "ok") != "ok":
            findings.append(
                critical("disk", f"{what}: is the disk full?", "see the log of Redis, and free disk space")
            )
    return findings


def _replicas(info: Mapping[str, str]) -> Finding:
    count = number_in(info, "connected_slaves")
    if info.get("role") == "slave":
        return critical("replicas", "this is a read-only replica", "point REDIS_URL at the primary")
    enough = info.get("min_slaves_good_slaves")
    if enough is not None:
        words = f"{count} connected, {enough} in time; Redis asks for some (min-replicas-to-write)"
        if enough == "0":
            return critical("replicas", f"{words}: writes are refused", "see: redis-cli INFO replication")
        return about("replicas", words)
    return about("replicas", f"{count} connected")


def _durability(info: Mapping[str, str], fsync: str) -> Finding:
    """The levels that a submit can ask for here."""
    levels = ["memory"]
    if not hindrance(log=info.get("aof_enabled") == "1", policy=fsync):
        levels.append("fsync")
    if count := number_in(info, "connected_slaves"):
        levels.append(f"replica:{count}" if count == 1 else f"replica:1 to replica:{count}")
    return about("durability", f"a submit can ask for {', '.join(levels)}")


def _loading(info: Mapping[str, str]) -> list[Finding]:
    return [warning("loading", "Redis still loads its data", "wait")] if info.get("loading") == "1" else []


def number_in(info: Mapping[str, str], name: str) -> int:
    text = info.get(name, "0")
    return int(text) if text.isdecimal() else 0


def sized(count: int) -> str:
    """Bytes for people."""
    for unit, size in _SIZES.items():
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"


def parted(seconds: float) -> str:
    """A short time: 0.12 ms, 1.3 s."""
    if seconds < 1:
        return f"{seconds * 1000:.2g} ms"
    return f"{seconds:.3g} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def about(name: str, meaning: str) -> Finding:
    return Finding(section="server", name=name, severity=Severity.OK, meaning=meaning)


def note(name: str, meaning: str) -> Finding:
    return Finding(section="server", name=name, severity=Severity.NOTE, meaning=meaning)


def warning(name: str, meaning: str, fix: str) -> Finding:
    return Finding(section="server", name=name, severity=Severity.WARNING, meaning=meaning, fix=fix)


def critical(name: str, meaning: str, fix: str) -> Finding:
    return Finding(section="server", name=name, severity=Severity.CRITICAL, meaning=meaning, fix=fix)
