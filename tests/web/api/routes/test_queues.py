"""Names that are refused today, and were taken once: what is stored under them can still be looked at."""

from __future__ import annotations

import httpx2
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Usage
from gopher_cli.model.job.job import Job, Spec
from gopher_cli.model.job.make import make_job
from gopher_cli.model.job.payload import EMPTY
from gopher_cli.store.codec import encode_spec

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("id", "queue"), [("..", "mail"), ("types", "mail"), ("a", ".."), (".", ".")])
async def test_a_job_of_old_is_listed_looked_at_and_deleted(
    api: httpx2.AsyncClient, gopher: Gopher, id: str, queue: str
) -> None:
    with pytest.raises(Usage):
        make_job("x", id=id, queue=queue)
    spec = Spec("x", EMPTY)
    await gopher.submit_many([Job(id=id, queue=queue, spec=spec, stored=encode_spec(spec))])
    listed = await api.get("/api/v1/jobs", params={"queue": queue})
    found = await api.get("/api/v1/find", params={"id": id, "queue": queue})
    gone = await api.post("/api/v1/jobs/purge", json={"ids": [id], "queue": queue})

    assert [one["job_id"] for one in listed.json()["items"]] == [id]
    assert (found.json()["job_id"], found.json()["queue"]) == (id, queue)
    assert gone.json()["changed"] == 1
