"""Real shells on a pseudo-terminal: keys in, and the arguments that the command got out."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path

from gopher_cli.cli.commands.completion import FILES

HERE = Path(__file__).parents[2] / "completions"
_PROMPT = "READY>"
_PATIENCE = 60.0
# Completion that waits for a slow machine.
_PATIENT = (
    "import sys; from gopher_cli.cli.commands import complete as c; c._PATIENCE = c._LONGEST = 60;"
    "sys.exit(c.complete(sys.argv[2:]))"
)
TAB, ENTER = "\t", "\r"


class Shell:
    """An interactive shell that completes ``gopher``; run, that only shows its arguments."""

    def __init__(self, name: str, home: Path, environ: Mapping[str, str]) -> None:
        path = shutil.which(name)
        assert path, f"this test needs {name}"
        _stand_in(home / "bin" / "gopher")
        self._leader, follower = pty.openpty()
        self._process = subprocess.Popen(
            [path, *_start(name, home)], stdin=follower, stdout=follower, stderr=follower, cwd=home,
            start_new_session=True, preexec_fn=_take_terminal,
            env={**environ, "HOME": str(home), "PATH": f"{home}/bin:{os.environ['PATH']}", "TERM": "xterm"},
        )  # fmt: skip
        os.close(follower)
        self._seen = ""
        self._until(_PROMPT)

    def arguments(self, keys: str) -> str:
        """What the command was given when these keys and Enter are pressed."""
        self._seen = ""
        os.write(self._leader, (keys + ENTER).encode())
        return self._until(">>>").rpartition("<<<")[2].partition(">>>")[0]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._leader)

    def _until(self, text: str) -> str:
        end = time.monotonic() + _PATIENCE
        while text not in self._seen:
            assert time.monotonic() < end, f"no {text!r} in {self._seen!r}"
            if select.select([self._leader], [], [], 0.2)[0]:
                self._seen += os.read(self._leader, 65536).decode("utf-8", "replace")
        return self._seen


def _take_terminal() -> None:
    """In the child: what it reads from controls it, as where somebody has signed in."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _stand_in(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        "#!/bin/sh\n"
        f'[ "$1" = __complete ] && exec {sys.executable} -c "{_PATIENT}" "$@"\n'
        "printf '<''<<%s>''>>\\n' \"$*\"\n"
    )
    file.chmod(0o755)


def _start(name: str, home: Path) -> list[str]:
    """Options that make the shell as it is without anybody's settings, with our completion in it."""
    script = HERE / FILES[name]
    if name == "bash":
        (home / "rc").write_text(
            f"PS1='{_PROMPT}'\nbind 'set enable-bracketed-paste off'\nsource '{script}'\n"
        )
        return ["--noprofile", "--rcfile", str(home / "rc"), "-i"]
    if name == "zsh":
        setup = f"fpath=('{HERE}' $fpath); autoload -Uz compinit; compinit -u -d '{home}/dump'"
        (home / ".zshrc").write_text(f"{setup}\nunset zle_bracketed_paste\nPS1='{_PROMPT}'\n")
        return ["-d", "-i"]
    prompt = f"function fish_prompt; echo '{_PROMPT}'; end"
    return ["--no-config", "-i", "-C", f"{prompt}; source '{script}'"]
