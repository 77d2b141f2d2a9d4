"""Numbers of payloads and results are shown in the very digits that were stored, by every door."""

from __future__ import annotations

import json

import builders
import httpx2
import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.text.json_text import exact_json
from web.operated import end, take
from web.pages import look, send

pytestmark = pytest.mark.anyio
ODD = [
    "3.14159265358979323846", "10.00", "1E5", "1e+05", "-0.0", "0.1", "2.50", "1.0",
    "100000000000000000001",
    "123456789012345678901234567890", "1e-400", "12345678901234567890.12345678901234567890",
]  # fmt: skip
PAYLOAD = '{{"n":{},"list":[{}],"s":"f\\u00fcr 1.50"}}'.format(ODD[0], ",".join(ODD))
SHOWN = PAYLOAD.replace("\\u00fc", "ü")


def test_json_is_written_anew_with_its_own_digits() -> None:
    pretty = json.dumps(json.loads('{"a":[1,{"b":"ü\\n"}]}'), indent=2)
    assert exact_json(pretty.encode()) == '{"a":[1,{"b":"ü\\n"}]}'.encode()
    assert exact_json(PAYLOAD.encode()) == SHOWN.encode()


async def test_the_api_shows_payload_and_result_in_their_own_digits(
    api: httpx2.AsyncClient, gopher: Gopher
) -> None:
    body = b'{"type":"x","payload":%s}' % PAYLOAD.encode()
    made = await api.post("/api/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    id = made.json()["job_id"]
    await end(gopher, await take(gopher), builders.success(PAYLOAD.encode()))
    whole, result = await api.get(f"/api/v1/jobs/{id}"), await api.get(f"/api/v1/jobs/{id}/result")
    plain = await api.get(f"/job/{id}")

    assert f'"payload":{SHOWN}' in whole.text and f'"result":{SHOWN}' in whole.text
    assert result.text == SHOWN and f'"payload":{SHOWN}' in plain.text
    assert (await gopher.inspect("default", id)).result["n"] == 3.141592653589793  # to compute with


@pytest.mark.parametrize("payload", ["10.00", '"10.00"', "null", "-0.0", "[1.50]"])
async def test_a_payload_that_is_no_object_is_shown_as_it_is(
    api: httpx2.AsyncClient, gopher: Gopher, payload: str
) -> None:
    id = await gopher.submit("x", payload.encode())

    assert f'"payload":{payload},' in (await api.get(f"/api/v1/jobs/{id}")).text


SCHEMA = b'{"type":"object","properties":{"n":{"type":"number"},"k":{"type":"integer"}}}'


@pytest.mark.parametrize("digits", ODD[:5] + ODD[8:])
@pytest.mark.parametrize("schema", [b"", SCHEMA])
async def test_one_like_it_is_submitted_with_the_same_digits(
    api: httpx2.AsyncClient, gopher: Gopher, digits: str, schema: bytes
) -> None:
    if schema:
        await gopher.publish_types({"x": schema})
    id = await gopher.submit("x", b'{"n":%s}' % digits.encode())
    page = await look(api, f"/submit?like={id}")
    written = page.filled("/submit")
    written.pop("headers")  # the name of another parameter of this call; there are none
    sent = await send(api, "/submit", **written)
    shown = await look(api, f"/jobs/{id}")

    assert sent.status_code == 303, sent.text
    again = sent.headers["location"].rpartition("/")[2]
    assert again != id and f'"payload":{{"n":{digits}}}' in (await api.get(f"/api/v1/jobs/{again}")).text
    assert digits in shown.text
