"""What an API refuses, as the error that the verb would have raised here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gopher_cli.model import errors
from gopher_cli.model.hints import of_http
from gopher_cli.model.schedule.recurrence import BadSchedule

_BY_STATUS: dict[int, type[errors.GopherError]] = {
    400: errors.BadData,
    401: errors.Denied,
    403: errors.Denied,
    404: errors.NotFound,
    408: errors.Unavailable,
    409: errors.Conflict,
    412: errors.Conflict,
    413: errors.TooLarge,
    415: errors.BadData,
    421: errors.Denied,
    422: errors.Usage,
    429: errors.TryLater,
    503: errors.Unavailable,
    504: errors.TryLater,
}
# Where one status says too little.
_BY_CODE: dict[str, type[errors.GopherError]] = {
    "refused": errors.Refused,
    "no_such_parent": errors.NotFound,
    "too_many": errors.TooMany,
    "unfinished": errors.Unfinished,
    "bad_data": errors.BadData,
    "try_later": errors.TryLater,
    "unconfirmed": errors.Unconfirmed,
    "misconfigured": errors.BadConfig,
    "cannot_be_given": errors.TooMuch,
}
_HINTS = {
    401: "give your key in GOPHER_API_KEY, or in a file named by GOPHER_API_KEY_FILE",
    403: "ask for a key with this scope: gopher keys create",
}


def error_of(status: int, problem: Mapping[str, Any]) -> errors.GopherError:
    """``problem`` is a problem (RFC 9457)."""
    kind = _BY_CODE.get(str(problem.get("code"))) or _BY_STATUS.get(status, errors.GopherError)
    hint = str(problem.get("hint") or "")
    detail = str(problem["detail"])
    error: errors.GopherError
    if status == 409 and problem.get("queues"):
        error = errors.Ambiguous(detail, list(problem["queues"]))
    elif kind is errors.Unfinished:
        id = str(problem.get("job_id"))
        error = errors.Unfinished(detail, f"gopher inspect {id}", id)
    elif problem.get("code") == "bad_schedule":
        error = BadSchedule(str(problem.get("field")), detail, of_http(hint))
    else:
        error = kind(detail, _HINTS.get(status) or of_http(hint))
    error.problem = dict(problem)  # type: ignore[attr-defined]
    return error


def outcome_of(error: errors.GopherError) -> str:
    """The word for why an action was left undone; empty for any other error."""
    return str(getattr(error, "problem", {}).get("outcome") or "")
