"""How often one may ask, and how often one may be wrong."""

from __future__ import annotations

from gopher_cli.model.access.scopes import Caller
from gopher_cli.model.text.rate import Rate
from gopher_cli.web.auth.addresses import neighbourhood
from gopher_cli.web.auth.token_buckets import Buckets, whole_seconds
from gopher_cli.web.server.problems import Problem

# Ten wrong keys at once, then one a second.
PATIENCE = Rate(10, 10)


class Limits:
    """Counted in this process: of several servers each counts for itself."""

    def __init__(self, usual: Rate | None) -> None:
        self._usual = usual
        self._calls = Buckets()
        self._failures = Buckets()

    def count(self, caller: Caller, own: Rate | None, address: str) -> None:
        """One request of this caller. Raises Problem 429."""
        rate = own or self._usual
        if rate is None:
            return
        name = f"{caller.via} {caller.key_id or caller.name}"
        if caller.via == "open":
            name += f" {neighbourhood(address)}"
        if wait := self._calls.take(name, rate):
            raise Problem(
                429,
                f"this key may send {rate.count} requests in {rate.seconds}s, and has done so",
                hint=f"send it again in {whole_seconds(wait)}s",
                headers={
                    "Retry-After": whole_seconds(wait),
                    "RateLimit-Policy": f'"key";q={rate.count};w={rate.seconds}',
                    "RateLimit": f'"key";r=0;t={whole_seconds(wait)}',
                },
            )

    def failed(self, address: str) -> None:
        """A wrong key came from there. Raises Problem 429 when too many did."""
        if wait := self._failures.take(neighbourhood(address), PATIENCE):
            raise _enough(wait)

    def may_try(self, address: str) -> None:
        """Raises Problem 429 where too many wrong keys came from."""
        if wait := self._failures.wait(neighbourhood(address), PATIENCE):
            raise _enough(wait)


def _enough(wait: float) -> Problem:
    return Problem(
        429,
        "too many wrong keys came from this address",
        hint=f"try again in {whole_seconds(wait)}s, with the right one",
        headers={"Retry-After": whole_seconds(wait)},
    )
