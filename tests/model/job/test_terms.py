"""Under which terms a job runs: its submitter's word, else its handler's, else the default."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gopher_cli.config import Settings
from gopher_cli.connect import defaults_of
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.model.job.job import Spec
from gopher_cli.model.job.make import make_options
from gopher_cli.model.job.terms import MEMORY, HandlerWishes, Terms, terms_of
from gopher_cli.store.codec import decode_spec, encode_spec
from gopher_cli.verbs.submit import new_job

DEFAULTS = Defaults(max_retries=2, timeout=60.0, backoff="fixed:1s", retention=5.0)
HANDLER = HandlerWishes(timeout=7.0, retries=0, backoff="fixed:2s")
PAYLOAD = msgspec.Raw(b"{}")


def spec(*said: Any, **options: Any) -> Spec:
    return Spec("mail", PAYLOAD, 5, *said, options=make_options(**options))


def test_the_submitter_counts_most_even_with_the_value_that_is_the_default() -> None:
    said = spec(2, 60.0, backoff="fixed:3s", retention=0.0)

    assert terms_of(said, HANDLER, DEFAULTS) == Terms(60.0, 2, "fixed:3s", MEMORY, keeps_result=False)


def test_where_the_submitter_says_nothing_the_handler_counts_and_then_the_default() -> None:
    assert terms_of(spec(), HANDLER, DEFAULTS) == Terms(7.0, 0, "fixed:2s", 5.0)
    assert terms_of(spec(), HandlerWishes(), DEFAULTS) == Terms(60.0, 2, "fixed:1s", 5.0)
    assert terms_of(spec(), None, DEFAULTS) == Terms(60.0, 2, "fixed:1s", 5.0)


def test_what_nobody_has_set_is_not_said() -> None:
    job = new_job(Defaults(), "mail")

    assert (job.spec.max_retries, job.spec.timeout) == (None, None)


def test_what_an_operator_has_set_is_said() -> None:
    job = new_job(Defaults(max_retries=5, timeout=10.0), "mail")

    assert (job.spec.max_retries, job.spec.timeout) == (5, 10.0)


@pytest.mark.parametrize("name", ["max_retries", "timeout", "backoff", "retention"])
def test_a_setting_counts_also_where_it_equals_its_default(name: str) -> None:
    value = getattr(Defaults(), name)
    setting = {"timeout": "job_timeout", "retention": "result_retention"}.get(name, name)
    settings = Settings.resolve({f"GOPHER_{setting.upper()}": str(value), "HOME": "/nowhere"})

    for defaults in (Defaults(**{name: value}), defaults_of(settings)):  # type: ignore[misc]
        spec = new_job(defaults, "mail").spec
        assert getattr(spec if name in ("max_retries", "timeout") else spec.options, name) == value
        assert getattr(terms_of(spec, HANDLER, Defaults()), name) == value


def test_the_settings_and_the_defaults_are_the_same_where_nobody_has_set_them() -> None:
    assert defaults_of(Settings.resolve({"HOME": "/nowhere"})).said == frozenset()


def test_what_is_not_said_costs_no_memory() -> None:
    assert encode_spec(Spec("mail", PAYLOAD)) == b'["mail",{}]'


@pytest.mark.parametrize("said", [(), (3,), (0, 300.0), (None, 1.5)])
def test_what_was_said_comes_back(said: Any) -> None:
    assert decode_spec(encode_spec(spec(*said))) == spec(*said)
