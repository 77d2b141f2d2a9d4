"""A plugin of pytest: `MUTANT` names the seeded bug of `mutants.ELSEWHERE` with which the tests run."""

from __future__ import annotations

import hashlib
import os
from importlib import import_module

from mutants import ELSEWHERE, Mutant

from gopher_cli.store.scripts import LUA, Script, load

ROOT = LUA.parent.parent.parent


def install(mutant: Mutant) -> None:
    """Raises AssertionError where the text that it changes is not there any more."""
    if mutant.script.endswith(".py"):
        _replace_module(mutant)
        return
    from gopher_cli.store.calls import call

    source, healthy = mutant.source, load(mutant.script)
    sha = hashlib.sha1(source.encode()).hexdigest()
    changed = Script(healthy.name, source, sha, healthy.keys, healthy.argv)
    call.load = lambda name: changed if name == mutant.script else load(name)  # type: ignore[assignment]


def _replace_module(mutant: Mutant) -> None:
    """Its functions are defined anew where they stand, for all who ask the module for them."""
    path = ROOT / mutant.script
    text = path.read_text()
    assert mutant.old in text, f"{path} has changed: let the mutant follow"
    module = import_module(mutant.script.removesuffix(".py").replace("/", "."))
    exec(compile(text.replace(mutant.old, mutant.new), str(path), "exec"), module.__dict__)


install(next(mutant for mutant, _ in ELSEWHERE if mutant.bug == os.environ["MUTANT"]))
