"""The directory of the demo: made by it, marked as its own, and begun anew by each run."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gopher_cli.config import Settings
from gopher_cli.config.setting_list import names
from gopher_cli.demo.workload import EVERY_FILE, VIEWS
from gopher_cli.embedded import server
from gopher_cli.model.errors import Refused

_MARK = ".gopher-demo"
_HALF = re.compile(rf"(\.[0-9a-f]{{16}}|{'|'.join(VIEWS)})\.part")
_LOGS = ("worker.log", "jobs.ndjson", "compress.sh")


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything of one demo lies."""

    root: Path

    @property
    def home(self) -> Path:
        """What belongs to the embedded server."""
        return self.root / "home"

    @property
    def log(self) -> Path:
        return self.root / "worker.log"

    def environ(self, around: Mapping[str, str]) -> dict[str, str]:
        """The surroundings of every process here: none of the user's own settings, no mail server.

        A short lease, so that the jobs of a dead worker come back while somebody watches.
        """
        known = {variable for name in names() for variable in name.variables}
        kept = {
            name: value
            for name, value in around.items()
            if name.removesuffix("_FILE") not in known and not name.startswith("GOPHER_")
        }
        return kept | {
            "GOPHER_HOME": str(self.home),
            "GOPHER_REDIS_URL": "embedded://default",
            "GOPHER_OUTBOX": str(self.root / "outbox"),
            "GOPHER_HANDLER_PATHS": str(self.root),
            "GOPHER_LEASE": "3s",
            "GOPHER_HEARTBEAT": "1s",
            "XDG_CONFIG_HOME": str(self.home / "config"),
        }

    def settings(self, around: Mapping[str, str]) -> Settings:
        return Settings.resolve(self.environ(around), cwd=self.root)

    def clear(self) -> None:
        """Take away what the demo has made, and nothing else."""
        if self.home.is_dir():
            server.stop(self.home)
            shutil.rmtree(self.home)
        for name in (*EVERY_FILE, *_LOGS):
            (self.root / name).unlink(missing_ok=True)
        for folder in {(self.root / name).parent for name in EVERY_FILE}:
            for half in folder.glob("*.part"):  # what the killed worker was writing
                if _HALF.fullmatch(half.name):
                    half.unlink()
            with suppress(OSError):  # not there, or somebody keeps something in it
                folder.rmdir()

    def remove(self) -> None:
        self.clear()
        # With something of somebody else's in it, it stays, and stays marked: the next run may use it.
        if [path.name for path in self.root.iterdir()] == [_MARK]:
            (self.root / _MARK).unlink()
            self.root.rmdir()


@contextmanager
def taken(root: Path) -> Iterator[Place]:
    """A fresh place, held for one demo. Raises Refused where it is somebody else's."""
    import fcntl

    root = root.expanduser().absolute()
    mark = root / _MARK
    elsewhere = "choose another directory: gopher demo --dir PATH"
    try:
        if root.exists() and not mark.exists() and (not root.is_dir() or any(root.iterdir())):
            raise Refused(f"{root} is there already, and not made by gopher demo", elsewhere)
        root.mkdir(parents=True, exist_ok=True)
        lock = os.open(mark, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise Refused(f"{root} cannot be used: {error.strerror}", elsewhere) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        place = Place(root)
        place.clear()
        yield place
    except BlockingIOError:
        raise Refused(f"a demo is running in {root}", elsewhere) from None
    finally:
        os.close(lock)
