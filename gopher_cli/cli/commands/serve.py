"""`gopher serve`: the HTTP API and the dashboard, in the foreground."""

from __future__ import annotations

from typing import Annotated

from gopher_cli.cli.shell.command import command
from gopher_cli.cli.shell.common_options import option
from gopher_cli.cli.shell.redis_console import RedisConsole

Host = Annotated[
    str | None,
    option("--host", metavar="HOST", help="listen there (localhost); elsewhere needs a key"),
]
Port = Annotated[
    str | None,
    option("--port", metavar="PORT", help="listen on this port (8080); 0 takes a free one"),
]
LogFormat = Annotated[
    str | None,
    option("--log-format", metavar="FORMAT", help="console for people, json for machines"),
]
LogLevel = Annotated[str | None, option("--log-level", metavar="LEVEL", help="debug, info, warning or error")]


@command
def serve(
    console: RedisConsole,
    host: Host = None,
    port: Port = None,
    log_format: LogFormat = None,
    log_level: LogLevel = None,
) -> int:
    """The HTTP API and the dashboard: submit jobs, look at them, operate them.

      gopher serve --port 8080
      curl localhost:8080/api/v1/jobs -H 'Content-Type: application/json' \\
        -d '{"type":"math","payload":{"op":"add","a":1,"b":2}}'
      curl localhost:8080/api/v1/stats

    Anything but this machine needs a key (gopher keys create, or API_KEY). The dashboard is at /, and
    the API describes itself at /openapi.json.
    """
    settings = console.settings(
        warn=False, server_host=host, server_port=port, log_format=log_format, log_level=log_level
    )
    from gopher_cli.embedded.server import production_warning
    from gopher_cli.web.serve import run_server

    return run_server(settings, warning=production_warning(settings) or "")
