"""Where `gopher serve` may listen, over which wire, and that it tells no secret to anybody."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from faults.serving import Served
from faults.tls import CERTIFICATES
from redis import Redis
from worker.processes import PATIENCE, TESTS, until

from gopher_cli.config import Settings
from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import BadConfig
from gopher_cli.web.auth.bind_policy import is_exposed, permitted
from web.keyring import JOBS, KEYS, STATS

pytestmark = pytest.mark.anyio

SECRET = "hunter2-s3cret-and-long-enough"
TLS = {
    "SERVER_TLS_CERT": str(CERTIFICATES / "valid.pem"), "SERVER_TLS_KEY": str(CERTIFICATES / "key.pem"),
}  # fmt: skip


@pytest.fixture
def settings(redis_url: str, namespace: str, tmp_path: Path) -> Callable[..., Settings]:
    """Settings of a server that other machines would reach."""

    def made(**environ: str) -> Settings:
        base = {"REDIS_URL": redis_url, "GOPHER_NAMESPACE": namespace, "SERVER_HOST": "0.0.0.0"}
        return Settings.resolve(base | environ, cwd=tmp_path)

    return made


@pytest.fixture
def environ(redis_url: str, namespace: str, tmp_path: Path) -> dict[str, str]:
    base = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    mine = {
        "PYTHONPATH": f"{TESTS}:{TESTS.parent}",
        "REDIS_URL": redis_url,
        "GOPHER_NAMESPACE": namespace,
        "HOME": str(tmp_path),
        "PYTHONUNBUFFERED": "1",
    }
    return base | mine


@pytest.fixture
def serve(environ: dict[str, str]) -> Iterator[Callable[..., Served]]:
    """Starts `gopher serve`; keyword arguments are environment variables."""
    began: list[Served] = []

    def begin(**more: str) -> Served:
        began.append(Served(environ | more, program="web.patient"))
        return began[-1]

    yield begin
    for one in began:
        one.kill()


def status(url: str, **headers: str) -> int:
    return httpx2.get(url, headers=headers, timeout=PATIENCE).status_code


# Where.


async def test_a_living_key_lets_the_server_listen_anywhere(settings: Any, gopher: Gopher) -> None:
    await gopher.create_key("k", role="viewer")

    assert is_exposed(permitted(settings()))


@pytest.mark.parametrize("end", ["revoked", "expired"])
async def test_a_dead_key_does_not(settings: Any, gopher: Gopher, end: str) -> None:
    made = await gopher.create_key("k", role="viewer", lasts=0.001 if end == "expired" else 0.0)
    if end == "revoked":
        await gopher.revoke_key(made.info.id)

    with pytest.raises(BadConfig) as refusal:
        permitted(settings())

    assert "gopher keys create" in refusal.value.hint and "API_KEY" in refusal.value.hint


@pytest.mark.parametrize(
    "environ",
    [{"API_KEY": "k"}, {"AUTH": "open-to-everyone"}, {"JWT_ALGORITHM": "HS256", "JWT_KEY": 40 * "x"}],
)  # fmt: skip
def test_so_does_a_key_of_the_settings_or_the_word_that_opens_it(
    settings: Any, environ: dict[str, str]
) -> None:
    assert is_exposed(permitted(settings(**environ)))


def test_open_is_for_this_machine_alone(settings: Any) -> None:
    with pytest.raises(BadConfig) as refusal:
        permitted(settings(AUTH="open", API_KEY="k"))

    assert "open-to-everyone" in refusal.value.hint
    assert not is_exposed(permitted(settings(AUTH="open", SERVER_HOST="localhost")))


def test_without_redis_nobody_knows_a_key_and_that_is_the_reason(settings: Any) -> None:
    with pytest.raises(BadConfig) as refusal:
        permitted(settings(REDIS_URL="redis://127.0.0.1:1"))

    assert "cannot reach Redis" in str(refusal.value) and "API_KEY" in refusal.value.hint


async def test_a_server_that_others_reach_asks_everybody_though_the_keys_are_gone(
    serve: Any, gopher: Gopher, redis: Redis, namespace: str
) -> None:
    made = await gopher.create_key("k", role="viewer")
    server = serve(SERVER_HOST="0.0.0.0")
    redis.delete(f"{namespace}:{{~}}:keys")
    url = f"http://127.0.0.1:{server.port}{STATS}"

    assert status(url) == 401
    assert status(url, **{"X-API-KEY": made.secret}) == 401


async def test_a_key_that_is_revoked_on_the_command_line_opens_no_server_any_more(
    serve: Any, gopher: Gopher, environ: dict[str, str]
) -> None:
    made = await gopher.create_key("k", role="viewer")
    header = {"X-API-KEY": made.secret}
    urls = [f"{server.url}{STATS}" for server in (serve(), serve())]
    assert [status(url, **header) for url in urls] == [200, 200]

    gopher_keys(environ, "revoke", "k", "--yes")

    for url in urls:
        await until(lambda url=url: status(url, **header) == 401)


# Over which wire.


async def test_with_a_certificate_it_speaks_https_alone(serve: Any) -> None:
    server = serve(**TLS, API_KEY=SECRET)
    trust = ssl.create_default_context(cafile=CERTIFICATES / "valid.pem")
    trust.check_hostname = False

    assert server.url.startswith("https://")
    answer = httpx2.get(f"{server.url}{STATS}", headers={"X-API-KEY": SECRET}, verify=trust, timeout=PATIENCE)
    assert answer.status_code == 200
    with pytest.raises(httpx2.HTTPError):
        status(f"http://127.0.0.1:{server.port}{STATS}")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"SERVER_TLS_KEY": ""}, "SERVER_TLS_KEY is not set"),
        ({"SERVER_TLS_CERT": ""}, "SERVER_TLS_CERT is not set"),
        ({"SERVER_TLS_CERT": "/nowhere.pem"}, "/nowhere.pem cannot be read"),
        ({"SERVER_TLS_KEY": "/"}, "cannot be read"),
        ({"SERVER_TLS_KEY": __file__}, "PEM"),
    ],
    ids=str,
)  # fmt: skip
def test_a_certificate_that_cannot_be_used_is_a_bad_setting(
    settings: Any, change: dict[str, str], said: str
) -> None:
    with pytest.raises(BadConfig, match="SERVER_TLS") as refusal:
        permitted(settings(API_KEY="k", **TLS | change))

    assert said in str(refusal.value)


def test_a_key_of_another_certificate_is_a_bad_setting(settings: Any, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization as s

    from web.signing import private_key

    other = tmp_path / "other.pem"
    for locked in (s.NoEncryption(), s.BestAvailableEncryption(b"word")):
        other.write_bytes(private_key("RS256").private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, locked))
        with pytest.raises(BadConfig):
            permitted(settings(API_KEY="k", **TLS | {"SERVER_TLS_KEY": str(other)}))


# What it tells.


def gopher_keys(environ: dict[str, str], *words: str) -> str:
    command = [sys.executable, "-m", "gopher_cli", "keys", *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout


async def test_no_log_no_answer_and_no_list_of_processes_tells_a_secret(
    serve: Any, environ: dict[str, str]
) -> None:
    mine = environ | {
        "API_KEY": SECRET,
        "JWT_ALGORITHM": "HS256",
        "JWT_KEY": f"{SECRET}-for-tokens-of-others",
    }
    made = gopher_keys(mine, "create", "deploy", "--role", "admin", "-q").strip()
    server = serve(LOG_LEVEL="debug", **mine)
    told = [Path(f"/proc/{server.process.pid}/cmdline").read_text()]
    with httpx2.Client(base_url=server.url, timeout=PATIENCE) as client:
        for given in (SECRET, made, f"{made}x", f"{SECRET}x", f"{made[:-1]}?"):
            for header in ({"X-API-KEY": given}, {"Authorization": f"Bearer {given}"}):
                for method, path in (("GET", STATS), ("GET", KEYS), ("POST", JOBS), ("GET", "/nowhere")):
                    answer = client.request(method, path, headers=header)
                    told += [answer.text, str(answer.headers)]
                told.append(client.get(STATS, params={"api_key": given, "access_token": given}).text)
        client.post("/login", data={"key": f"{made}x"})
        new = client.post(KEYS, json={"name": "n", "role": "viewer"}, headers={"X-API-KEY": made}).json()
    told += [
        gopher_keys(mine, "ls"),
        gopher_keys(mine, "ls", "-o", "json"),
        gopher_keys(mine, "revoke", "n", "-y"),
    ]
    show = [sys.executable, "-m", "gopher_cli", "config", "show"]
    told.append(subprocess.run(show, env=mine, capture_output=True, text=True, check=True).stdout)
    server.process.terminate()
    server.process.wait()
    await until(lambda: any("stopped" in line for line in server.said))

    everything = "\n".join([*told, *server.said])
    assert "deploy" in everything and STATS in everything
    for secret in (SECRET, made[15:], new["secret"][15:]):
        assert secret not in everything
