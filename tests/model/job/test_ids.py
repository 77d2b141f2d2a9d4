"""Ids sort by the time they were made, and no two are alike."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from gopher_cli.model.job.ids import VALID_ID, new_id


def test_an_id_is_a_uuid_of_version_7():
    id = UUID(new_id())

    assert (id.version, id.variant) == (7, "specified in RFC 4122")
    assert VALID_ID.fullmatch(str(id))


def test_ids_sort_in_the_order_they_were_made():
    ids = [new_id() for _ in range(10_000)]

    assert ids == sorted(set(ids))


def test_a_clock_that_steps_back_changes_nothing(monkeypatch):
    first = new_id()
    monkeypatch.setattr("time.time_ns", lambda: 0)

    assert new_id() > first


def test_threads_make_different_ids():
    with ThreadPoolExecutor(8) as pool:
        made = pool.map(lambda _: [new_id() for _ in range(2000)], range(8))
        ids = [id for some in made for id in some]

    assert len(set(ids)) == 16_000


def test_a_child_process_makes_ids_of_its_own():
    new_id()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, "".join(new_id()[19:] for _ in range(50)).encode())
        os._exit(0)
    mine = {new_id()[19:] for _ in range(50)}
    os.waitpid(child, 0)
    told = os.read(reader, 10_000).decode()
    os.close(reader)
    os.close(writer)

    assert mine.isdisjoint(told[i : i + 17] for i in range(0, len(told), 17))
