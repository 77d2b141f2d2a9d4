"""The plain connection of short commands: the same answers and errors as the real client gives."""

from __future__ import annotations

import select
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from gopher_cli.build import run_once
from gopher_cli.config import Settings
from gopher_cli.model.errors import BadData, Denied, GopherError, TryLater, Unavailable
from gopher_cli.model.job.defaults import Defaults
from gopher_cli.store import calls
from gopher_cli.store.asks.ask import Ask
from gopher_cli.store.keyspace import keys_of
from gopher_cli.store.stores.plain_socket import WireStore, packed
from gopher_cli.store.url import parse_url
from gopher_cli.verbs.submit import new_job

pytestmark = pytest.mark.anyio


def plain(*commands: tuple[Any, ...]) -> Ask[list[Any]]:
    return Ask(commands, lambda raw: raw)


class Server:
    """Answers every connection with the next of these bytes, then hangs up.

    The first one stays until it has heard of ``more`` further commands. ``heard`` counts all.
    """

    def __init__(self, where: Path, *answers: bytes, more: int = 0) -> None:
        self._more = more
        self.heard = 0
        self.path = str(where / "s")
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(self.path)
        self._socket.listen()
        threading.Thread(target=self._serve, args=(answers,), daemon=True).start()

    def _serve(self, answers: tuple[bytes, ...]) -> None:
        for answer in answers:
            line, _ = self._socket.accept()
            line.recv(65536)
            self.heard += 1
            line.sendall(answer)
            while self._more:
                line.recv(65536)
                self._more, self.heard = self._more - 1, self.heard + 1
            line.close()

    def store(self) -> WireStore:
        return WireStore(parse_url(f"unix://{self.path}"), timeout=60)


async def test_every_kind_of_answer_is_read(redis_url: str, namespace: str) -> None:
    store, key = WireStore(parse_url(redis_url)), f"{namespace}:k"
    answers = await store.ask(
        plain(("SET", key, b"\x00\xff\r\n"), ("GET", key), ("GET", f"{key}:no"), ("STRLEN", key),
              ("MGET", key, f"{key}:no"), ("DEL", key))
    )  # fmt: skip
    await store.close()

    assert answers == [b"OK", b"\x00\xff\r\n", None, 4, [b"\x00\xff\r\n", None], 1]


def test_a_command_is_packed_by_bytes_and_not_by_characters() -> None:
    assert (
        packed(["SET", "é", b"\xff", 3]) == b"*4\r\n$3\r\nSET\r\n$2\r\n\xc3\xa9\r\n$1\r\n\xff\r\n$1\r\n3\r\n"
    )


def test_verbs_work_without_an_event_loop(redis_url: str, namespace: str) -> None:
    settings = Settings.resolve({"REDIS_URL": redis_url, "GOPHER_NAMESPACE": namespace, "HOME": "/"})

    id = run_once(settings, lambda gopher: gopher.submit("x"))
    found = run_once(settings, lambda gopher: gopher.find(id))

    assert found == ("default", id)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"-NOAUTH Authentication required.\r\n", Denied),
        (b"-OOM command not allowed when used memory > 'maxmemory'.\r\n", TryLater),
        (b"-LOADING Redis is loading the dataset in memory\r\n", TryLater),
        (b"-WRONGTYPE Operation against a key\r\n", BadData),
        (b"", Unavailable),
        (b"$10\r\nhalf", Unavailable),
    ],
)
async def test_a_refusal_is_one_of_our_errors(tmp_path: Path, answer: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        await Server(tmp_path, answer).store().ask(plain(("PING",)))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"-NOAUTH Authentication required.\r\n", "wants a password"),
        (b"-WRONGPASS invalid username-password pair or user is disabled.\r\n", "refused the password"),
        (b"-WRONGTYPE Operation script: 0abc, on @user_script:166.\r\n", "WRONGTYPE Operation"),
    ],
)
async def test_what_the_server_says_is_told_without_its_innards(
    tmp_path: Path, answer: bytes, said: str
) -> None:
    with pytest.raises(GopherError, match=f"{said}$"):
        await Server(tmp_path, answer).store().ask(plain(("PING",)))


async def test_a_connection_that_was_closed_meanwhile_is_opened_again(tmp_path: Path) -> None:
    store = Server(tmp_path, b"+one\r\n", b"+two\r\n").store()

    assert await store.ask(plain(("PING",))) == [b"one"]
    (wire,) = store._wires.values()
    assert select.select([wire._socket], [], [], 60)[0]  # it has hung up
    assert await store.ask(plain(("PING",))) == [b"two"]


async def test_a_plain_command_that_may_have_arrived_is_sent_again_once(tmp_path: Path) -> None:
    server = Server(tmp_path, b"+one\r\n", b"", more=1)
    store = server.store()
    await store.ask(plain(("PING",)))

    with pytest.raises(Unavailable):
        await store.ask(plain(("HDEL", "k", "f")))

    assert server.heard == 3


async def test_a_script_that_may_have_arrived_is_sent_again(tmp_path: Path) -> None:
    server = Server(tmp_path, b"+one\r\n", b"*1\r\n:7\r\n", more=1)
    store = server.store()
    await store.ask(plain(("PING",)))

    assert (await store.run(calls.submit(keys_of("g", "q"), [new_job(Defaults(), "t")])))[0].accepted
    assert server.heard == 3


async def test_a_silent_server_is_given_up(tmp_path: Path) -> None:
    silent = socket.socket(socket.AF_UNIX)
    silent.bind(str(tmp_path / "s"))
    silent.listen()

    with pytest.raises(Unavailable, match="did not answer in time"):
        await WireStore(parse_url(f"unix://{tmp_path}/s"), timeout=0.05).ask(plain(("PING",)))


async def test_nobody_listens(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no socket there"):
        await WireStore(parse_url(f"unix://{tmp_path}/s")).ask(plain(("PING",)))
