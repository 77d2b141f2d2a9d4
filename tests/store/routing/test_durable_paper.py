"""How safe a submit is, with servers on paper: each answer that might be taken for a proof, and is none."""

from __future__ import annotations

from typing import Any

import builders
import pytest

from gopher_cli.model.errors import BadConfig, Unconfirmed
from gopher_cli.model.job.durability import FSYNC, parse_durability
from gopher_cli.store import calls
from gopher_cli.store.errors.refusal import Refusal
from gopher_cli.store.keyspace import keys_of
from gopher_cli.store.routing.durable import Durably
from gopher_cli.store.routing.routes import slot_of
from store.scripted import MASTER, Paper, named, route, slots


def a_submit() -> Any:
    return calls.submit(keys_of("g", "q"), [builders.job("one")])


def disk(
    *, server: str = "r1", pending: int = 0, buffer: int = 0, policy: str = "everysec", at: float = 100.0,
    more: str = "", spares: str = "no",
) -> list[Any]:  # fmt: skip
    """What a server says of its files; ``at`` is its time (s)."""
    files = f"aof_enabled:1\r\naof_pending_bio_fsync:{pending}\r\naof_buffer_length:{buffer}\r\n{more}"
    settings = [b"appendfsync", policy.encode(), b"no-appendfsync-on-rewrite", spares.encode()]
    micros = round(at % 1 * 1_000_000)
    return [f"run_id:{server}\r\n".encode(), files.encode(), b"", settings, [int(at), micros]]


def asked(note: bytes | None = None, **said: Any) -> list[Any]:
    """What is seen before the script, and the note that somebody has left."""
    return [*disk(**said), note]


NO_WAITAOF, YES, NO = Refusal("ERR unknown command 'WAITAOF'"), [1, 0], [0, 0]


def stored(synced: Any = YES, **said: Any) -> list[Any]:
    """The answers to script, mark and WAITAOF, and what is seen then."""
    return ["stored", 0, synced, *disk(**said)]


def run(paper: Paper) -> Any:
    """Our own clock stands still."""
    return paper.run(Durably(1.0, clock=lambda: 0.0).run(route("redis://a:1"), a_submit(), FSYNC))


def test_a_script_that_is_refused_is_not_called_stored() -> None:
    refused = Refusal("OOM command not allowed")

    assert run(Paper(a_1=[asked(), [refused, refused, refused, *disk()]])) is refused


@pytest.mark.parametrize("synced", [YES, NO_WAITAOF])
def test_with_everysec_a_sync_must_have_begun_after_our_bytes_were_written_and_have_ended(
    synced: Any,
) -> None:
    under_way, held_back, later = disk(pending=1), disk(buffer=99), disk(at=101.3)
    paper = Paper(a_1=[asked(), stored(synced), under_way, held_back, disk(), under_way, later, later])

    assert run(paper) == "stored"
    assert len(paper.heard) == 8
    assert paper.slept == [0.02, 0.02, 0.02, 1.2, 0.02, 0.02]


def test_with_always_it_is_synced_before_it_is_answered() -> None:
    paper = Paper(a_1=[asked(), stored(policy="always")])

    assert run(paper) == "stored"
    assert not paper.slept


CHILD, FIRST = "rdb_bgsave_in_progress:1\r\n", "aof_rewrite_in_progress:1\r\naof_base_size:0\r\n"
LATER = "aof_rewrite_scheduled:1\r\naof_base_size:99\r\n"
LATE = r"the disk has not confirmed it within 2\.5 s"


@pytest.mark.parametrize(
    ("later", "why"),
    [
        (disk(pending=1), LATE),
        (disk(buffer=7), LATE),
        (disk(at=100.9), LATE),
        (disk(more=CHILD, spares="yes"), f"{LATE}: it syncs nothing while it saves or rewrites"),
        (disk(more=FIRST), f"{LATE}: its log is still being written anew"),
        (disk(at=40), f"{LATE}: its clock went back, and until it has caught up nothing is synced"),
        (disk(server="r2"), "another server has taken over"),
        (disk(policy="no"), "its appendonly and appendfsync are yes and no now"),
        (disk(policy="always"), "its appendonly and appendfsync are yes and always now"),
        ([Refusal("LOADING it loads")] * 5, "Redis answered LOADING"),
    ],
)  # fmt: skip
def test_what_is_not_on_the_disk_is_not_called_safe(later: list[Any], why: str) -> None:
    with pytest.raises(Unconfirmed, match=f"^stored, but not fsync: {why}"):
        run(Paper(a_1=[asked(), stored(), later]))


@pytest.mark.parametrize("policy", ["everysec", "always"])
def test_a_server_that_says_it_has_not_synced_is_believed(policy: str) -> None:
    paper = Paper(a_1=[asked(), stored(NO, policy=policy)])

    with pytest.raises(Unconfirmed, match=LATE):
        run(paper)
    assert not paper.slept


def test_a_later_log_is_believed_where_the_server_vouches_for_it() -> None:
    """Without WAITAOF nobody can tell whether it is the first: appendonly may have been off in between."""
    looks = disk(more=LATER), disk(more=LATER, at=101.3), disk(more=LATER, at=101.4)

    assert run(Paper(a_1=[asked(), stored(), *looks])) == "stored"
    with pytest.raises(Unconfirmed, match="its log is still being written anew"):
        run(Paper(a_1=[asked(), stored(NO_WAITAOF), *looks]))


def test_with_always_a_child_of_the_server_must_have_gone_and_none_have_come() -> None:
    """Syncs are left out while there is one, and what came meanwhile is synced with the next write."""
    held, free = (disk(policy="always", spares="yes", more=more) for more in (CHILD, ""))
    another = [*free[:2], b"total_forks:1\r\n", *free[3:]]
    said = ["stored", 0, NO_WAITAOF, *held]
    paper = Paper(
        a_1=[[*free, None], said, [0, *held], [0, *free], [0, *another], [0, *another], [0, *another]]
    )

    assert run(paper) == "stored"
    assert len(paper.heard) == 7
    assert len(paper.asked("HSET")) == 6, "each look comes with a write"


def test_a_clock_that_is_set_back_while_we_look_is_waited_for() -> None:
    looks = disk(), disk(at=99.5), disk(at=100.1), disk(at=101.5), disk(at=101.6)
    paper = Paper(a_1=[asked(), stored(NO_WAITAOF), *looks])

    assert run(paper) == "stored"
    assert paper.slept == [0.02, 1.2, 0.02, 1.2, 0.02]


def test_a_clock_behind_the_last_snapshot_went_back_before_we_came() -> None:
    said = disk(more="rdb_last_save_time:5000\r\n")

    with pytest.raises(Unconfirmed, match="its clock went back"):
        run(Paper(a_1=[[*said, None], ["stored", 0, NO_WAITAOF, *said], said]))


def test_who_comes_late_reads_how_far_the_clock_had_come() -> None:
    told = asked(b"r1 5000.125")

    with pytest.raises(Unconfirmed, match="its clock went back"):
        run(Paper(a_1=[told, stored(NO_WAITAOF), disk()]))
    other = Paper(a_1=[asked(b"r2 5000.125"), stored(), disk(), disk(at=101.3), disk(at=101.4)])
    assert run(other) == "stored", "that was another server, or this one before it was started again"
    assert ("HSET", "g:{q}:conf", "synced", "r1 100.000") in other.heard[1][1], "and leaves a note"


def test_a_clock_that_falls_behind_ours_between_two_submits_is_noticed() -> None:
    ours, safely = [0.0], Durably(1.0, clock=lambda: ours[0])
    good = Paper(a_1=[asked(), stored(NO_WAITAOF), disk(), disk(at=101.3), disk(at=101.4)])
    assert good.run(safely.run(route("redis://a:1"), a_submit(), FSYNC)) == "stored"

    ours[0] = 60.0
    with pytest.raises(Unconfirmed, match="its clock went back"):
        Paper(a_1=[stored(NO_WAITAOF, at=110), disk(at=110)]).run(
            safely.run(route("redis://a:1"), a_submit(), FSYNC)
        )


def test_who_may_not_see_how_the_disk_is_synced_cannot_promise_anything() -> None:
    told = asked()
    told[3] = Refusal("NOPERM")
    with pytest.raises(BadConfig, match="does not tell how it syncs its disk"):
        run(Paper(a_1=[told]))


def test_a_master_that_is_demoted_while_we_wait_is_not_believed() -> None:
    """It lets us go; the new one is given the job, and asked."""
    old, new = named("old:1", 1), named("new:1", 2)
    gone = Refusal("UNBLOCKED force unblock from blocking operation, instance state changed")
    paper = Paper(
        s_1=[old, new],
        old_1=[MASTER, [b"connected_slaves:1\r\n"], ["stored", 0, gone]],
        new_1=[MASTER, ["stored there", 0, 1]],
    )

    level = parse_durability("replica:1")
    said_last = paper.run(Durably(1.0).run(route("redis+sentinel://s:1/main"), a_submit(), level))
    assert said_last == "stored there"
    assert paper.asked("EVALSHA") == ["old:1", "new:1"]


def test_each_master_of_a_cluster_is_asked_what_it_can_give() -> None:
    owner = [slots((0, 8000, "a:1"), (8001, 16383, "b:1"))[0]]
    lacks, has = [b"connected_slaves:0\r\n"], [b"connected_slaves:1\r\n"]
    one, other = (calls.submit(keys_of("g", queue), [builders.job("one")]) for queue in two_apart())
    there, level = route("redis+cluster://a:1"), parse_durability("replica:1")
    paper, safely = Paper(a_1=[owner, has, ["stored", 0, 1]], b_1=[lacks]), Durably(1.0)

    assert paper.run(safely.run(there, one, level)) == "stored"
    with pytest.raises(BadConfig, match="0 of 1 replicas are attached"):
        paper.run(safely.run(there, other, level))


def two_apart() -> tuple[str, str]:
    """Queues of the lower and of the upper half of the slots."""
    names = [f"q{n}" for n in range(50)]
    low = next(name for name in names if slot_of(keys_of("g", name)["ready_high"]) <= 8000)
    high = next(name for name in names if slot_of(keys_of("g", name)["ready_high"]) > 8000)
    return low, high
