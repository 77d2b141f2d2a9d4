"""Addresses that an answer tells: they begin with the path under which a proxy shows this server."""

from __future__ import annotations

from contextvars import ContextVar

# Of the request that is being answered.
ROOT: ContextVar[str] = ContextVar("root", default="")


def rooted(path: str) -> str:
    """The path as a client has to ask for it."""
    return ROOT.get() + path


def links_of(id: str) -> dict[str, str]:
    """Of a job."""
    return {"self": rooted(f"/api/v1/jobs/{id}")}


def links_of_schedule(queue: str, name: str) -> dict[str, str]:
    return {"self": rooted(f"/api/v1/schedules/{queue}/{name}")}
