"""What the API tells of a job: every time in one form, and nothing lost on the way back."""

from __future__ import annotations

import httpx2
import msgspec
import pytest
from msgspec.structs import replace

from gopher_cli.model.text.humanize import log_text
from gopher_cli.model.text.timestamp import decode_hook
from gopher_cli.model.views.job_view import AttemptView, JobDetail

pytestmark = pytest.mark.anyio
JOBS = "/api/v1/jobs"


async def test_times_of_a_jobs_history_and_log_are_told_as_all_others(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = (await api.post(JOBS, json={"type": "t"})).json()["job_id"]
    gopher = api.app.state.services.gopher  # type: ignore[attr-defined]
    log = ["1767225600123 one", "... 5 lines were dropped ...", "1767225600124 2026-01-01T00:00:00.000Z x"]
    failed = {"attempt": 1, "outcome": "failed", "error": "", "traceback": "", "worker": "", "seconds": 0.0}
    times = {"at": "2026-01-01T00:00:00.123Z", "retry_at": "2026-01-01T00:01:00.001Z"}
    history = [msgspec.convert(failed | times | {"exit_code": 0}, AttemptView, dec_hook=decode_hook)]
    job = replace(await gopher.inspect("default", id), history=history, log=[log_text(line) for line in log])

    async def found(*_: object) -> object:
        return job

    monkeypatch.setattr(gopher, "inspect", found)
    looked, text = await api.get(f"{JOBS}/{id}"), (await api.get(f"{JOBS}/{id}/log")).text
    said = looked.json()
    again = msgspec.json.decode(looked.content, type=JobDetail, dec_hook=decode_hook)

    assert said["history"][0]["at"] == "2026-01-01T00:00:00.123Z"
    assert said["log"][0] == text.splitlines()[0] == "2026-01-01T00:00:00.123Z one"
    assert (again.history, again.log) == (job.history, job.log)


async def test_a_job_that_a_schedule_has_made_says_which_and_for_when(api: httpx2.AsyncClient) -> None:
    gopher = api.app.state.services.gopher  # type: ignore[attr-defined]
    await gopher.set_schedule("nightly", "t", every=3600, now="1767225600000")
    ((id,), other) = (await gopher.tick("default", now="1767229200000")).made, await gopher.submit("t")
    looked, plain = await api.get(f"{JOBS}/{id}"), await api.get(f"{JOBS}/{other}")

    assert id == "nightly:20260101T010000Z"
    assert (looked.json()["schedule"], looked.json()["instant"]) == ("nightly", "2026-01-01T01:00:00.000Z")
    assert not {"schedule", "instant"} & plain.json().keys()
    again = msgspec.json.decode(looked.content, type=JobDetail, dec_hook=decode_hook)
    assert (again.schedule, again.instant) == ("nightly", 1767229200000)
