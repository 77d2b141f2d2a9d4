"""A server that waits for others longer than a second: on a busy machine each may stand still for some.

`python -m web.patient serve` is `gopher serve` with that patience.
"""

from __future__ import annotations

import runpy
from importlib import import_module

# Modules of gopher_cli, what they call it, and seconds.
PATIENCE = {
    "web.server.problems.PATIENCE": 20.0,
    "web.services.group_commit.PATIENCE": 20.0,
    "web.api.submit.batch.PATIENCE": 20.0,
    "web.auth.key_cache._PATIENCE": 20.0,
    "web.server.connection._HEAD": 60.0,
    "store.connections.connection_options._CONNECT": 20.0,
}
REDIS_TIMEOUT = "20s"


if __name__ == "__main__":
    for name, seconds in PATIENCE.items():
        module, _, word = name.rpartition(".")
        setattr(import_module(f"gopher_cli.{module}"), word, seconds)
    runpy.run_module("gopher_cli", run_name="__main__", alter_sys=True)
