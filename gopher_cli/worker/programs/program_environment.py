"""What a program is told in its environment, beside the few variables of the worker that it needs."""

from __future__ import annotations

from datetime import UTC, datetime

from gopher_cli.config import Settings
from gopher_cli.connect import address_of
from gopher_cli.model.job.job import Options
from gopher_cli.store.url import has_secret
from gopher_cli.worker.execution.attempt import Attempt


def variables_of(attempt: Attempt, settings: Settings) -> dict[str, str]:
    """No secrets, unless the worker was told to pass them on."""
    lease = attempt.lease
    return {
        **_reach(settings),
        "GOPHER_JOB_ID": lease.id,
        "GOPHER_JOB_TYPE": lease.spec.type,
        "GOPHER_QUEUE": lease.queue,
        "GOPHER_ATTEMPT": str(lease.attempt),
        "GOPHER_MAX_RETRIES": str(attempt.terms.max_retries),
        "GOPHER_TOKEN": lease.token,
        **_schedule(lease.spec.options),
        **{f"GOPHER_HEADER_{_upper(k)}": v for k, v in lease.spec.options.headers.items() if "\0" not in v},
    }


def _schedule(options: Options) -> dict[str, str]:
    """Of a job that a schedule has made: its name, and its instant in UTC unless it runs by hand."""
    if not options.schedule:
        return {}
    due = datetime.fromtimestamp(options.instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"GOPHER_SCHEDULE": options.schedule} | ({"GOPHER_DUE": due} if options.instant else {})


def _reach(settings: Settings) -> dict[str, str]:
    """How a gopher of its own finds the queue that it came from; nothing where that is a secret."""
    if settings.job_redis == "no":
        return {}
    address = address_of(settings, start=False)
    if has_secret(address) and settings.job_redis != "yes":
        return {}
    given = {"GOPHER_NAMESPACE": settings.namespace, "GOPHER_HOME": str(settings.home)}
    if address.kind == "unix":
        given["REDIS_URL"] = f"unix://{address.path}"
    else:
        given["REDIS_URL"] = settings.redis_url
    if address.db:
        given["REDIS_DB"] = str(address.db)
    if address.username:
        given["REDIS_USERNAME"] = address.username
    if address.password:
        given["REDIS_PASSWORD"] = address.password
    return given


def _upper(name: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper()
