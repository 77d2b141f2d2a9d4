"""`gopher demo` from end to end, and that it keeps its hands off what is not its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gopher_cli.demo.demo_handlers import Fractal, fractal
from gopher_cli.demo.picture import Picture
from gopher_cli.demo.sample_files import prepare
from gopher_cli.demo.screen import bar, summary
from gopher_cli.demo.workload import EVERY_FILE, batch, results
from gopher_cli.demo.workspace import Place, taken
from gopher_cli.embedded import server
from gopher_cli.model.errors import Refused


def run_demo(cwd: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "gopher_cli", "demo", *words],
        cwd=cwd, env=kept | {"HOME": str(cwd), "LANG": "C.UTF-8"} | environ,
        capture_output=True, text=True, timeout=110, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_the_demo_does_all_that_it_tells_and_ends_well(tmp_path: Path) -> None:
    # Nothing of the user's own settings may reach it: neither the server nor the mail server.
    nowhere = "127.0.0.1:1"

    done = run_demo(tmp_path, REDIS_URL=f"redis://{nowhere}", SMTP_URL=f"smtp://{nowhere}", LOG_FORMAT="json")

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    place = Place(tmp_path / "gopher-demo")
    for name in results():
        assert (place.root / name).stat().st_size > 0
        assert name in done.stdout
    assert "kill -9" in done.stdout and "are back" in done.stdout
    assert f"all {len(batch())} jobs completed, each once" in done.stdout
    assert "\x1b" not in done.stdout
    assert not server.status(place.home).running
    worker = re.findall(r"worker (\d+) ", done.stdout)
    assert len(worker) == 2
    for pid in worker:
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


def test_what_it_says_to_type_next_works_as_pasted(tmp_path: Path) -> None:
    place = Place(tmp_path / "gopher-demo")
    environ = place.environ({"PATH": os.environ["PATH"], "REDIS_URL": "redis://127.0.0.1:1"})
    typed = {name: environ[name] for name in ("GOPHER_HOME", "GOPHER_REDIS_URL")}  # the line with `export`

    assert place.settings(typed | {"REDIS_URL": "redis://127.0.0.1:1"}).home == place.home
    assert "REDIS_URL" not in environ
    assert environ["GOPHER_REDIS_URL"] == "embedded://default"


def test_a_directory_of_somebody_else_is_refused_untouched(tmp_path: Path) -> None:
    theirs = tmp_path / "gopher-demo"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("mine")

    done = run_demo(tmp_path)

    assert done.returncode == 1
    assert "not made by gopher demo" in done.stderr and "--dir" in done.stderr
    assert [path.name for path in theirs.iterdir()] == ["thesis.txt"]


def test_a_second_demo_in_the_same_directory_is_refused(tmp_path: Path) -> None:
    with taken(tmp_path / "d"), pytest.raises(Refused, match="a demo is running"), taken(tmp_path / "d"):
        pass  # fmt: skip


def test_a_run_begins_anew_and_leaves_what_others_have_put_there(tmp_path: Path) -> None:
    with taken(tmp_path / "d") as place:
        prepare(place.root)
        (place.root / "data" / "notes.txt").write_text("mine")
        (place.root / "thumbnails" / ".0123456789abcdef.part").touch()

    with taken(tmp_path / "d") as place:
        left = sorted(str(path.relative_to(place.root)) for path in place.root.rglob("*"))

    assert left == [".gopher-demo", "data", "data/notes.txt"]


def test_a_clean_demo_leaves_nothing(tmp_path: Path) -> None:
    with taken(tmp_path / "d") as place:
        prepare(place.root)
        place.remove()

    assert list(tmp_path.iterdir()) == []


def test_keep_and_clean_contradict_each_other(tmp_path: Path) -> None:
    done = run_demo(tmp_path, "--keep", "--clean")

    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_every_file_that_a_job_makes_is_known_to_the_sweeper() -> None:
    outputs = {str(job["payload"]["output"]) for job in batch() if "output" in job["payload"]}

    assert outputs <= set(EVERY_FILE) and set(results()) <= set(EVERY_FILE)
    assert len({job["id"] for job in batch()}) == len(batch())


def test_a_fractal_is_a_picture_that_others_can_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    class Silent:
        attempt = 1

        def progress(self, *_: object) -> None: ...
        def log(self, *_: object) -> None: ...

    target = tmp_path / "f.png"
    view = Fractal(x=-0.5, y=0.0, width=3.0, output=str(target), columns=30, rows=20, depth=20)

    made = fractal(view, Silent())  # type: ignore[arg-type]

    with Image.open(target) as picture:
        assert picture.size == (30, 20)
        assert len(picture.getcolors() or ()) > 5
    assert made["bytes"] == target.stat().st_size


def test_a_picture_is_summed_up_in_a_line() -> None:
    picture = Picture(10, {"completed": 4, "processing": 2, "failed": 1})

    assert summary(picture) == "4 of 10 done · 2 running · 1 failed"
    assert (bar(0.5, 4), bar(2, 4), bar(-1, 4)) == ("██░░", "████", "░░░░")


def test_without_pillow_the_demo_has_no_thumbnails_and_all_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = len(batch())
    monkeypatch.setattr("gopher_cli.demo.workload.can_draw", lambda: False)

    assert len(batch()) == whole - 8
    assert not [name for name in results() if name.startswith("thumbnails/")]
