"""Settings of the HTTP server: where it listens, and how long and how much it takes."""

from __future__ import annotations

from dataclasses import dataclass

from gopher_cli.config import kinds
from gopher_cli.config.setting import setting

_HOST = kinds.matching(r"[A-Za-z0-9_.:\[\]-]{1,253}", "a name or address of a host")
_PATH = kinds.matching(r"(/[A-Za-z0-9_.~-]{1,64}){1,8}", "a path such as /gopher, without a slash at its end")


# fmt: off
@dataclass(frozen=True, kw_only=True, init=False, repr=False, eq=False)
class Server:
    """Where the server listens, how long and how much it takes."""

    server_host: str = setting(
        "localhost", _HOST,
        "SERVER_HOST", flag="--host",
        about="address to listen on; anything but this machine needs an API key",
    )
    server_port: int = setting(
        8080, kinds.whole(0, 65535), "SERVER_PORT", "API_PORT", flag="--port",
        about="port of the HTTP server; 0 takes a free one",
    )
    server_root_path: str = setting(
        "", _PATH, "SERVER_ROOT_PATH",
        about="path, such as /gopher; under which a proxy shows this server, where it is not the root",
    )
    server_read_timeout: float = setting(
        10.0, kinds.duration(0.01), "SERVER_READ_TIMEOUT",
        about="duration; a client must have sent the body of its request by then",
    )
    server_write_timeout: float = setting(
        10.0, kinds.duration(0.01), "SERVER_WRITE_TIMEOUT",
        about="duration; a client must have the whole answer so long after its request",
    )
    server_batch_limit: int = setting(
        16, kinds.megabytes, "SERVER_BATCH_LIMIT",
        about="size, or MB; how long a request that submits many jobs may be",
    )
    server_idempotency_ttl: float = setting(
        86400.0, kinds.duration(1.0), "SERVER_IDEMPOTENCY_TTL",
        about="duration; so long a request with an Idempotency-Key is done once, however often it comes",
    )
    server_drain: float = setting(
        0.0, kinds.duration(), "SERVER_DRAIN",
        about="duration; after SIGTERM it still serves for so long, while /readyz says that it is leaving",
    )
    server_event_clients: int = setting(
        200, kinds.whole(0, 100000), "SERVER_EVENT_CLIENTS",
        about="clients; how many may watch /api/v1/events at once",
    )
# fmt: on
