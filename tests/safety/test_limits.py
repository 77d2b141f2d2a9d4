"""What a program or an isolated handler gets, and what it does not get."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

import pytest

from gopher_cli.config.kinds import megabytes
from gopher_cli.gopher import Gopher
from gopher_cli.load_handlers import load_registry

pytestmark = pytest.mark.anyio


async def test_a_program_has_a_place_of_its_own_that_goes_with_it(script: Any) -> None:
    detail = await script('touch left; umask; stat -c %a . left; pwd; echo "$TMPDIR $PWD" >&2')
    place = Path(detail.result)

    assert detail.log[0].split()[1:] == [str(place), str(place)]
    assert not place.exists()


async def test_a_program_finds_the_files_that_its_command_names(
    gopher: Gopher, burst: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It stands elsewhere: words that name a file from where the worker stands are made to name it still."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "job.sh").write_text(
        'cat "$1"; echo "$2 $3 $(test "$GOPHER_WORKER_DIR" -ef "$4" && echo here)"'
    )
    (tmp_path / "sub/data").write_text("data ")
    (tmp_path / "build").touch()
    id = await gopher.submit("script")
    await burst(load_registry("", [("script", f"bash job.sh sub/data build no.file {tmp_path}")]))

    assert (await gopher.inspect("default", id)).result == "data build no.file here"


async def test_nobody_else_may_read_what_a_program_writes(script: Any) -> None:
    detail = await script('touch file; echo "$(umask) $(stat -c %a .) $(stat -c %a file)"')

    assert detail.result == "0077 700 600"


async def test_a_program_has_a_session_of_its_own_and_no_descriptor_of_ours(script: Any) -> None:
    code = "import os, json; print(json.dumps([os.getsid(0) == os.getpid(), *os.listdir('/proc/self/fd')]))"
    own, *fds = (await script(f'exec python3 -c "{code}"')).result

    assert own
    assert set(fds) == {"0", "1", "2", "3"}  # 3 is the directory that it reads


async def test_a_program_that_has_no_words_for_the_shell_is_run_without_one(
    gopher: Gopher, burst: Any
) -> None:
    id = await gopher.submit("script", {"$(id)": "; rm -rf /"})
    await burst(load_registry("", [("script", "echo '$HOME' ';' '`id`' '*'")]))

    assert (await gopher.inspect("default", id)).result == "$HOME ; `id` *"


async def test_its_environment_is_a_list_of_ours(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REDIS_URL", "API_KEY", "SMTP_URL", "LD_PRELOAD_", "AWS_SECRET", "GOPHER_REDIS_PASSWORD"):
        monkeypatch.setenv(name, "hunter2")
    detail = await script("env | cut -d= -f1 | sort | tr '\\n' ' '", headers={"a b;c": "x"})
    names = set(detail.result.split()) - {"PWD", "SHLVL", "_", "OLDPWD"}  # bash's own

    assert {name for name in names if not name.startswith("GOPHER_")} <= {
        "PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "SHELL", "PYTHONPATH", "VIRTUAL_ENV", "TMPDIR",
        "REDIS_URL",
    }  # fmt: skip
    assert {name for name in names if name.startswith("GOPHER_")} == {
        "GOPHER_JOB_ID", "GOPHER_JOB_TYPE", "GOPHER_QUEUE", "GOPHER_ATTEMPT", "GOPHER_MAX_RETRIES",
        "GOPHER_TOKEN", "GOPHER_HEADER_A_B_C", "GOPHER_WORKER_DIR", "GOPHER_HOME", "GOPHER_NAMESPACE",
    }  # fmt: skip
    assert (await script("env | grep -c hunter2; true")).result == 0


LIMITS = {"job_memory": 700, "job_files": 64, "job_processes": 50}


def _is_limited(found: dict[str, Any]) -> None:
    """Hard as well as soft, so that it cannot be taken back."""
    assert found["AS"] == [700 * 1024 * 1024] * 2
    assert found["NOFILE"] == [64, 64]
    assert found["CORE"] == [0, 0]
    assert 50 < found["NPROC"][0] <= resource.getrlimit(resource.RLIMIT_NPROC)[0]


async def test_a_program_is_limited_as_the_settings_say(script: Any) -> None:
    names = (
        "{n: resource.getrlimit(getattr(resource, 'RLIMIT_' + n)) for n in ('AS','NOFILE','NPROC','CORE')}"
    )
    detail = await script(
        f'exec python3 -c "import json, resource; print(json.dumps({names}))"', limits=LIMITS
    )

    _is_limited(detail.result)


async def test_an_isolated_handler_is_limited_as_the_settings_say(isolated: Any) -> None:
    _is_limited((await isolated("limits", limits=LIMITS)).result)


async def test_where_nothing_is_set_memory_is_not_limited_and_there_is_no_core_dump(isolated: Any) -> None:
    found = (await isolated("limits")).result

    assert found["AS"] == list(resource.getrlimit(resource.RLIMIT_AS))
    assert found["CORE"] == [0, 0]
    assert found["NOFILE"] == [1024, 1024]


@pytest.mark.row("W13")
async def test_a_handler_that_eats_all_memory_is_a_loss_and_the_third_is_poison(
    isolated: Any, gopher: Gopher
) -> None:
    detail = await isolated("eat", 1000, limits={"job_memory": 250})

    assert (detail.state, detail.attempts, detail.losses) == ("failed", 0, 3)
    assert [one.outcome for one in detail.history] == ["lost", "lost", "poison"]
    assert "GOPHER_JOB_MEMORY is 250 MB" in detail.history[-1].error


@pytest.mark.row("W13")
async def test_within_its_memory_a_handler_completes(isolated: Any) -> None:
    assert (await isolated("eat", 20, limits={"job_memory": 400})).result == 20


@pytest.mark.row("W13")
async def test_a_program_that_finds_no_memory_fails_and_the_worker_does_not(script: Any) -> None:
    eat = "exec python3 -c 'x = [b\"x\" * 2**20 for _ in range(2000)]'"
    detail = await script(eat, limits={"job_memory": 200}, max_retries=0)

    assert (detail.state, detail.history[0].exit_code) == ("failed", 1)
    assert "MemoryError" in "".join(detail.log)


@pytest.mark.row("W13")
async def test_a_program_that_the_kernel_kills_is_a_loss_and_the_third_is_poison(script: Any) -> None:
    """As the out-of-memory killer does: with SIGKILL, from outside."""
    detail = await script("(sleep 0.05; kill -9 $$) & exec sleep 600")

    assert (detail.state, detail.attempts, detail.losses) == ("failed", 0, 3)
    assert [one.outcome for one in detail.history] == ["lost", "lost", "poison"]


async def test_an_isolated_handler_does_not_read_our_words_from_stdin(isolated: Any) -> None:
    assert (await isolated("stdin")).result == ""


@pytest.mark.parametrize(
    ("text", "size"), [("512", 512), ("512MB", 512), ("2GB", 2048), ("2 gib", 2048), ("0", 0)]
)
def test_a_size_is_a_number_of_megabytes(text: str, size: int) -> None:
    assert megabytes(text) == size


@pytest.mark.parametrize("text", ["", "-1", "1.5GB", "lots", "1TB"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="512MB or 2GB"):
        megabytes(text)


def test_limits_are_settings_that_can_be_read(tmp_path: Path) -> None:
    from gopher_cli.config import Settings

    settings = Settings.resolve({"HOME": str(tmp_path), "GOPHER_JOB_MEMORY": "1GB"}, cwd=tmp_path)
    shown = {line.name: line.value for line in settings.describe()}

    assert json.dumps(shown["job_memory"]) == '"1024"'
