"""Where the embedded server lives: found again by all of its user, and by nobody else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gopher_cli.config import Settings
from gopher_cli.embedded import place as place_module
from gopher_cli.embedded.place import place
from gopher_cli.embedded.server import ensure, production_warning, stop
from gopher_cli.model.errors import BadConfig


@pytest.mark.row("R22")
def test_a_long_path_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 40)
    try:
        path = ensure(home).path

        assert len(path) < 104 and not path.startswith(str(tmp_path))
        assert Path(path).parent.stat().st_mode & 0o777 == 0o700
        assert ensure(home).path == path
    finally:
        assert stop(home)
    assert not Path(path).parent.exists()


def test_a_login_and_cron_find_the_same_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = Path(f"/tmp/gopher-run-{os.getpid()}")
    runtime.mkdir(mode=0o700)
    home = tmp_path / ("long" * 40)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    try:
        login = ensure(home)
        monkeypatch.delenv("XDG_RUNTIME_DIR")

        assert login.path.startswith(str(runtime))
        assert ensure(home) == login
    finally:
        stop(home)
        runtime.rmdir()


def test_a_directory_in_tmp_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 40)
    at = place(home, "default")
    trap = Path(place_module._candidates(at)[-1]).parent
    trap.mkdir(mode=0o777)
    trap.chmod(0o777)
    try:
        with pytest.raises(BadConfig, match="not a private directory"):
            ensure(home)
    finally:
        trap.rmdir()


@pytest.mark.parametrize("home", ["/dev/null/gopher", "/proc/gopher"])
def test_a_directory_that_cannot_be_made_is_a_line_of_text(home: str) -> None:
    with pytest.raises(BadConfig, match="the embedded server cannot use") as caught:
        ensure(Path(home))

    assert "GOPHER_HOME" in caught.value.hint


@pytest.mark.row("R22")
def test_a_directory_that_is_not_writable_is_a_line_of_text(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from gopher_cli.embedded.server import ensure\n"
        "os.geteuid() or os.setuid(65534)  # root may write everywhere\n"
        "try: ensure(Path(sys.argv[1]))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    tmp_path.chmod(0o500)

    done = subprocess.run([sys.executable, "-c", code, tmp_path / "x"], capture_output=True, text=True)

    tmp_path.chmod(0o700)
    assert done.stdout.startswith("BadConfig the embedded server cannot use")
    assert "Permission denied" in done.stdout and done.stdout.count("\n") == 1


def test_production_without_a_url_is_warned() -> None:
    bare = production_warning(Settings(app_env="production"))

    assert bare and "REDIS_URL" in bare
    assert production_warning(Settings(app_env="production", redis_url="redis://h")) is None
    assert production_warning(Settings()) is None
