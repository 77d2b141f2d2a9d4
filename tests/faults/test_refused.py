"""Servers that must not be used, or will not let us: one clear line, the right exit code, no secret in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli.running import Cli, Ran
from faults.tls import CERTIFICATES, tls_before
from redis import Redis
from servers import Server, own_server

Door = Callable[..., Ran]
PASSWORD = "s3cr3t-w0rd"
POLICIES = (
    "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random",
    "volatile-ttl",
)  # fmt: skip
SUBMIT, WORK, SERVE = ("submit", "-t", "math", "op=add"), ("worker", "--burst"), ("serve", "--port", "0")
each_door = pytest.mark.parametrize("words", [SUBMIT, WORK, SERVE], ids=["submit", "worker", "serve"])


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with own_server(tcp=True) as one:
        yield one


@pytest.fixture
def redis(server: Server) -> Iterator[Redis]:
    """A client of the server that is refused here; it is as before after each test."""
    with Redis.from_url(f"unix://{server.home}/s") as client:
        client.flushall()
        yield client
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 0)
        client.config_set("requirepass", "")


@pytest.fixture
def door(redis: Redis, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Door:
    """``door(url, words, NAME=value)``: the program in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "gopher_cli.web.server.problems.PATIENCE", 60.0
    )  # else one that is slow is served without

    def enter(url: str, words: tuple[str, ...], **env: str) -> Ran:
        return Cli(
            monkeypatch, {"REDIS_URL": url, "REDIS_TIMEOUT": "40s", "GOPHER_HOME": str(tmp_path), **env}
        )(*words)

    return enter


def refused(ran: Ran, code: int, *words: str) -> None:
    """The cause on one line, with these words, and a way out; no password, no traceback."""
    assert ran.code == code, ran.err
    (cause,) = [line for line in ran.err.splitlines() if line.startswith("gopher: ")]
    assert all(word in cause for word in words), cause
    assert "hint: " in ran.err
    assert PASSWORD not in ran.err + ran.out and "Traceback" not in ran.err


# R8: a server that may throw jobs away


@pytest.mark.row("R8")
@each_door
@pytest.mark.parametrize("policy", POLICIES)
def test_a_server_that_may_evict_is_refused(
    server: Server, redis: Redis, door: Door, policy: str, words: tuple[str, ...]
) -> None:
    redis.config_set("maxmemory-policy", policy)

    refused(door(server.url, words), 78, "may throw jobs away", policy)
    assert redis.dbsize() == 0


@pytest.mark.row("R8")
@pytest.mark.parametrize("policy", POLICIES)
def test_who_accepts_eviction_may_use_it(server: Server, redis: Redis, door: Door, policy: str) -> None:
    redis.config_set("maxmemory-policy", policy)

    assert door(server.url, SUBMIT, ACCEPT_EVICTION="yes").code == 0


@pytest.mark.row("R8")
def test_a_volatile_policy_evicts_nothing_of_ours(server: Server, redis: Redis, door: Door) -> None:
    redis.config_set("maxmemory-policy", "volatile-lru")
    lines = "\n".join(f'{{"type":"math","payload":{{"op":"add","a":{n},"b":1}}}}' for n in range(300))
    Path("jobs").write_text(lines)
    assert door(server.url, ("submit", "--batch", "jobs"), ACCEPT_EVICTION="yes").code == 0
    ours = {key: redis.dump(key) for key in redis.scan_iter("gopher:*")}

    redis.config_set("maxmemory", redis.info("memory")["used_memory"] + 2_000_000)
    for n in range(600):
        redis.set(f"cache:{n}", b"x" * 10_000, ex=3600)

    assert redis.info("stats")["evicted_keys"] > 100
    assert {key: redis.dump(key) for key in redis.scan_iter("gopher:*")} == ours
    assert {redis.ttl(key) for key in ours} == {-1}


# R16: a server that does not let us


@pytest.mark.row("R16")
@each_door
def test_a_missing_password(server: Server, redis: Redis, door: Door, words: tuple[str, ...]) -> None:
    redis.config_set("requirepass", PASSWORD)

    refused(door(server.url, words), 77, "wants a password")


@pytest.mark.row("R16")
@each_door
def test_a_wrong_password(server: Server, redis: Redis, door: Door, words: tuple[str, ...]) -> None:
    redis.config_set("requirepass", "another")

    refused(door(f"redis://:{PASSWORD}@127.0.0.1:{server.port}", words), 77, "refused the password")


RIGHTS = {
    "evalsha": ("-evalsha", "evalsha"),
    "scripts": ("-@scripting", "evalsha"),
    "hget": ("-hget", "hget"),
    "within a script": ("-hincrby", "HINCRBY"),
    "zadd": ("-zadd", "ZADD"),
    "all writes": ("-@write", ""),
}


@pytest.mark.row("R16")
@each_door
@pytest.mark.parametrize(("rule", "word"), RIGHTS.values(), ids=RIGHTS)
def test_a_right_that_is_missing(
    server: Server, redis: Redis, door: Door, words: tuple[str, ...], rule: str, word: str
) -> None:
    redis.execute_command("ACL", "SETUSER", "clerk", "reset", "on", f">{PASSWORD}", "~*", "&*", "+@all", rule)

    ran = door(f"redis://clerk:{PASSWORD}@127.0.0.1:{server.port}", words)

    refused(ran, 77, "denies")
    if words is not SUBMIT:  # it runs only the scripts that it needs, and Redis tells no more than one
        assert word in ran.err


@pytest.mark.row("R16")
@each_door
def test_keys_that_are_not_ours_to_touch(
    server: Server, redis: Redis, door: Door, words: tuple[str, ...]
) -> None:
    redis.execute_command("ACL", "SETUSER", "guest", "reset", "on", f">{PASSWORD}", "~other:*", "+@all")

    refused(door(f"redis://guest:{PASSWORD}@127.0.0.1:{server.port}", words), 77, "denies a right")


@pytest.mark.row("R16")
@pytest.mark.parametrize("words", [SUBMIT, WORK], ids=["submit", "worker"])
def test_an_expired_certificate(server: Server, door: Door, words: tuple[str, ...]) -> None:
    with tls_before(f"{server.home}/s", "expired") as port:
        url = f"rediss://:{PASSWORD}@localhost:{port}?ssl_ca_certs={CERTIFICATES}/expired.pem"

        refused(door(url, words), 69, "certificate has expired")


@pytest.mark.row("R16")
def test_a_certificate_of_an_unknown_authority(server: Server, door: Door) -> None:
    with tls_before(f"{server.home}/s") as port:
        refused(door(f"rediss://localhost:{port}", SUBMIT), 69, "certificate")


@pytest.mark.row("R16")
def test_a_certificate_of_another_host(server: Server, door: Door) -> None:
    with tls_before(f"{server.home}/s") as port:
        url = f"rediss://127.0.0.2:{port}?ssl_ca_certs={CERTIFICATES}/valid.pem"

        refused(door(url, SUBMIT), 69)


@pytest.mark.row("R16")
@pytest.mark.parametrize("words", [SUBMIT, WORK], ids=["submit", "worker"])
def test_tls_to_a_plain_port(server: Server, door: Door, words: tuple[str, ...]) -> None:
    ran = door(f"rediss://127.0.0.1:{server.port}", words, REDIS_TIMEOUT="1s")

    refused(ran, 69)
    assert "redis://" in ran.err.partition("hint:")[2]


@pytest.mark.row("R16")
@pytest.mark.parametrize("words", [SUBMIT, WORK], ids=["submit", "worker"])
def test_a_plain_connection_to_a_tls_port(server: Server, door: Door, words: tuple[str, ...]) -> None:
    with tls_before(f"{server.home}/s") as port:
        ran = door(f"redis://localhost:{port}", words)

    refused(ran, 69)
    assert "rediss://" in ran.err.partition("hint:")[2]


@pytest.mark.row("R16")
def test_all_works_over_tls_with_a_certificate_that_is_good(server: Server, door: Door) -> None:
    with tls_before(f"{server.home}/s") as port:
        url = f"rediss://localhost:{port}?ssl_ca_certs={CERTIFICATES}/valid.pem"

        assert door(url, SUBMIT).code == 0
        assert door(url, ("health",)).code == 0


# R17: a server whose commands have other names


RENAMED = [("EVALSHA", SUBMIT), ("EVALSHA", WORK), ("EVALSHA", SERVE), ("INFO", SERVE), ("HSETNX", SUBMIT)]


@pytest.mark.row("R17")
@pytest.mark.parametrize(("command", "words"), RENAMED)
def test_a_command_that_is_renamed_away(door: Door, command: str, words: tuple[str, ...]) -> None:
    with own_server("", "--rename-command", command, "") as server:
        ran = door(server.url, words)

    refused(ran, 78, command)
    assert "args beginning" not in ran.err, "what we have sent says nothing to people"
