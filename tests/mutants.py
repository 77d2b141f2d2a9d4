"""Bugs that somebody could write, each as a change of a script's text. The laws must notice them all."""

# ruff: noqa: E501 (a mutant quotes a line of Lua, and is as long)

from __future__ import annotations

from typing import NamedTuple

from gopher_cli.store.scripts import load, numbered


class Mutant(NamedTuple):
    bug: str
    script: str
    old: str
    new: str

    @property
    def source(self) -> str:
        """The script with this bug."""
        healthy, old, new = load(self.script).source, *(numbered(self.script, part) for part in self[2:])
        assert old in healthy, f"{self.script} has changed: let the mutant follow"
        return healthy.replace(old, new)


MUTANTS = (
    # settle
    Mutant("settle takes any token", "settle", 'if r.token ~= token and not (state == "completed" and r.token == "?" .. token) then return "stale" end', ""),
    Mutant("settle takes an empty token", "settle", 'if token == "" or string.find(token, "^[!?]") then return "stale" end', ""),
    Mutant("settle counts the same failure twice", "settle", 'r.token = "!" .. group.token', "r.token = group.token"),
    Mutant("settle counts the same success twice", "settle", 'head .. "!" .. token', "head .. token"),
    Mutant("settle lets any token succeed", "settle", "if token ~= group.token or to.settled", "if to.settled"),
    Mutant("settle forgets the lock of a success", "settle", 'or lock ~= "" then return false end', "then return false end"),
    Mutant("a lost job begins to wait anew", "reclaim", 'r.token = "?" .. r.token', 'r.ready_at, r.token = stamp, "?" .. r.token'),
    Mutant("a lost attempt keeps its token", "reclaim", '"?" .. r.token', "r.token"),
    Mutant("settle keeps the lease", "settle", 'redis.call("ZREM", KEYS.running, unpack(to.mine))', ""),
    Mutant("settle keeps it in the worker's hands", "settle", 'redis.call("ZREM", KEYS.held, unpack(to.mine))', ""),
    Mutant("settle keeps the lock of an ended job", "settle", "free_locks(to.free)", ""),
    Mutant("settle forgets the lock's own end", "settle", 'and not redis.call("ZSCORE", KEYS.lock_ends, lock) then', "then"),
    Mutant("settle loses a job that is to retry", "settle", "else add(to.lines[state], at, id) end", 'elseif state ~= "retrying" then add(to.lines[state], at, id) end'),
    Mutant("a late success stays in its place too", "settle", 'redis.call("ZREM", place, unpack(to.late))', ""),
    Mutant("a late success stays in the dead letter queue", "settle", "KEYS.retrying, KEYS.failed }\nlocal writes", "KEYS.retrying, KEYS.running }\nlocal writes"),
    Mutant("a late failure is taken", "settle", 'not (state == "completed" and r.token == "?" .. token)', 'r.token ~= "?" .. token'),
    Mutant("settle spends an attempt on a snooze", "settle", "r.attempts = math.max(r.attempts - 1, 0)\n  end\n  if asked", "end\n  if asked"),
    Mutant("settle forgets that a stop was asked for", "settle", 'if asked and state ~= "completed" and state ~= "failed" then return "cancelled" end', ""),
    Mutant("settle keeps the request to stop", "settle", 'if #asked > 0 then redis.call("HDEL", KEYS.cancels, unpack(to.mine)) end', ""),
    Mutant("settle leaves children blocked", "settle", 'redis.call("ZREM", KEYS.blocked, child)', ""),
    Mutant("settle frees a child that waits for another", "settle", "<= 0 then\n        free", "<= 9 then\n        free"),
    Mutant("settle frees a child before its time", "settle", "tonumber(r.ready_at) > now then", "false then"),
    Mutant("settle frees a later job of the same id", "settle", "if r and r.score == score and", "if r and"),
    Mutant("settle wakes nobody", "settle", "if #freed.enqueued > 0 or to.count.released then wake_one() end", ""),
    Mutant("settle forgets a job and does not count it", "settle", 'tick(to.count, "expired", #to.gone)', ""),
    Mutant("settle leaves traces of a job it forgets", "settle", "KEYS.log, KEYS.progress, KEYS.once }) do", "KEYS.log, KEYS.progress }) do"),
    Mutant("settle drops the history", "settle", "append(old[n], entry[2], 65536)", "entry[2]"),
    Mutant("settle lets a job be lost for ever", "settle", "return guilty and r.losses >= tonumber(ARGV.max_losses) or false", "return false"),
    # submit
    Mutant("submit takes a known id again", "submit", 'if known[n] or taken[id] then return "" end', 'if taken[id] then return "" end'),
    Mutant("submit takes an id twice in one call", "submit", 'if known[n] or taken[id] then return "" end', 'if known[n] then return "" end'),
    Mutant("submit ignores who holds the lock", "submit", "or holder(head.lock)", ""),
    Mutant("submit does not lock", "submit", "add(to.locks, head.lock, id)", ""),
    Mutant("submit honours the lock of a dead job", "submit", 'local function lives(record) return record ~= nil and record.finished == "" end', "local function lives(record) return record ~= nil end"),
    Mutant("submit does not wait for a parent in the same call", "submit", "local waits = taken[parent]\n", "local waits = nil\n"),
    Mutant("submit waits for what has completed", "submit", 'and not redis.call("ZSCORE", KEYS.completed, parent)', ""),
    Mutant("submit counts a parent twice", "submit", "if waits and not seen[parent] then", "if waits then"),
    Mutant("submit does not count", "submit", "send_counts({ enqueued = #fresh })", ""),
    Mutant("submit wakes nobody", "submit", "then wake_one() end", "then end"),
    # reserve
    Mutant("reserve ignores the pause", "reserve", "if conf[1] then", "if false then"),
    Mutant("reserve leaves jobs in line", "reserve", 'redis.call("ZREM", line, unpack(taken[class]))', 'redis.call("ZREM", line, "")'),
    Mutant("reserve does not write down who holds it", "reserve", "add(to.holds, ARGV.sequence, id)", ""),
    Mutant("reserve leases anew when it is sent again", "reserve", "if #again > 0 then", "if false then"),
    Mutant("reserve spends no attempt", "reserve", "attempts = attempts + 1", "attempts = attempts + 0"),
    Mutant("reserve serves the low before the high", "reserve", "local READY = { KEYS.ready_high, KEYS.ready_normal, KEYS.ready_low }", "local READY = { KEYS.ready_low, KEYS.ready_normal, KEYS.ready_high }"),
    Mutant("reserve wakes no other", "reserve", "> 0 then wake_one() end", "> 0 then end"),
    Mutant("submit gives two calls the same numbers", "submit", 'redis.call("HINCRBY", KEYS.conf, "seq", #fresh)', 'redis.call("HINCRBY", KEYS.conf, "seq", 1)'),
    Mutant("submit forgets how far a batch is", "submit", 'redis.call("HSET", KEYS.batches, ARGV.batch, ARGV.mark .. ";" .. stamp)', 'redis.call("HLEN", KEYS.batches)'),
    # the rest, at least one each
    Mutant("promote leaves jobs in their place", "promote", 'redis.call("ZREM", place, unpack(taken[p]))', 'redis.call("ZCARD", place)'),
    Mutant("promote puts jobs into the wrong line", "promote", "add(lines[class_of(r.score)], r.score, id)", "add(lines[1], r.score, id)"),
    Mutant("promote is early", "promote", '"-inf", stamp, "LIMIT"', '"-inf", text(now + 60000), "LIMIT"'),
    Mutant("promote wakes nobody", "promote", "if moved > #corrupt then wake_one() end", ""),
    Mutant("promote tells no next moment", "promote", "next_due(), redis", '"0", redis'),
    Mutant("reclaim keeps the lease", "reclaim", 'redis.call("ZREM", KEYS.running, job.id)', 'redis.call("ZREM", KEYS.failed, job.id)'),
    Mutant("reclaim strikes once", "reclaim", '"ZRANGEBYSCORE", KEYS.running, expiry, expiry,', '"ZRANGEBYSCORE", KEYS.running, "-inf", stamp,'),
    Mutant("reclaim keeps the lock of a dead job", "reclaim", "free_locks(free)", ""),
    Mutant("reclaim spends an attempt", "reclaim", "r.attempts = math.max(r.attempts - 1, 0)", ""),
    Mutant("reclaim keeps the request to stop", "reclaim", 'if job.asked then redis.call("HDEL", KEYS.cancels, job.id) end', ""),
    Mutant("reclaim lets a job be lost for ever", "reclaim", "if guilty then r.losses = r.losses + 1 end", ""),
    Mutant("reclaim blames what had not begun", "reclaim", "guilty = has_begun(expiry) }", "guilty = true }"),
    Mutant("reserve marks what only waits", "reserve", "to.starts = to.starts - 1", ""),
    Mutant("reserve marks suspects", "reserve", "and tonumber(losses) < to.suspect", ""),
    Mutant("renew does not mark what has begun", "renew", "(begun[id] or has_begun(leased[i]))", "has_begun(leased[i])"),
    Mutant("renew forgets what has begun", "renew", "(begun[id] or has_begun(leased[i]))", "begun[id]"),
    Mutant("renew blames a worker that stops", "renew", 'ARGV.spared ~= "1" and', ""),
    Mutant("settle keeps the losses of one that has ended", "settle", "r.losses = 0 end", "end"),
    Mutant("settle forgives what was handed back", "settle", 'state == "scheduled" and tonumber(run_us) > 0', 'state == "enqueued"'),
    Mutant("hand_back keeps the lease", "hand_back", 'redis.call("ZREM", KEYS.running, job.id)', 'redis.call("ZREM", KEYS.failed, job.id)'),
    Mutant("hand_back takes what is another's", "hand_back", 'and string.sub(r.token, 1, #worker + 1) == worker .. ":"', ""),
    Mutant("hand_back takes what is held by one whose name begins alike", "hand_back", 'string.sub(r.token, 1, #worker + 1) == worker .. ":"', "string.sub(r.token, 1, #worker) == worker"),
    Mutant("renew keeps what is held by one whose name begins alike", "renew", 'string.sub(r.token, 1, #worker + 1) == worker .. ":"', "string.sub(r.token, 1, #worker) == worker"),
    Mutant("reclaim cuts leases by its own", "reclaim", "now + 2 * longest", "now + 2 * ARGV.max_lease"),
    Mutant("reserve does not say how long its lease is", "reserve", 'redis.call("HSET", KEYS.conf, "lease", ARGV.lease)', ""),
    Mutant("reclaim leaves a lost attempt spent", "reclaim", "r.attempts = math.max(r.attempts - 1, 0)\n", "\n"),
    Mutant("hand_back blames the innocent", "hand_back", "guilty = guilty[id] }", "guilty = true }"),
    Mutant("hand_back runs what was to stop", "hand_back", 'or job.asked and "cancelled"', ""),
    Mutant("hand_back wakes nobody", "hand_back", "if count.released then wake_one() end", ""),
    Mutant("renew keeps what is another's", "renew", 'and string.sub(r.token, 1, #worker + 1) == worker .. ":"', ""),
    Mutant("renew does not renew", "renew", "send({ leases })", 'redis.call("ZADD", running, unpack({ ARGV[1], keep[1] }))'),
    Mutant("renew does not tell who is to stop", "renew", "cancel[#cancel + 1] = id", ""),
    Mutant("report hears anybody", "report", 'if r and token ~= "" and r.token == token then', "if r then"),
    Mutant("once hears anybody", "once", 'if not r or ARGV.token == "" or r.token ~= ARGV.token then', "if not r then"),
    Mutant("cancel leaves jobs in their place", "cancel", 'redis.call("ZREM", job.key, job.id)', ""),
    Mutant("cancel keeps the lock", "cancel", "free_locks(free)", ""),
    Mutant("cancel does not ask a running job", "cancel", 'redis.call("HSET", KEYS.cancels, id, ARGV.retention)', ""),
    Mutant("reschedule leaves the old moment in the record", "reschedule", "if r then r.ready_at = at end", ""),
    Mutant("reschedule loses a job", "reschedule", 'redis.call("ZADD", job.key, at, job.id)', ""),
    Mutant("reschedule mixes up the places", "reschedule", 'redis.call("ZADD", job.key, at, job.id)', 'redis.call("ZADD", KEYS.scheduled, at, job.id)'),
    Mutant("reschedule goes back in time", "reschedule", "math.max(now, ", "math.max(0, "),
    Mutant("requeue takes the lock of a live job", "requeue", "if ended and locked(r, id, taken) then", "if false then"),
    Mutant("requeue does not lock again", "requeue", 'if r.lock ~= "" then redis.call("HSET", KEYS.locks, r.lock, job.id) end', ""),
    Mutant("requeue keeps the attempts", "requeue", 'r.attempts, r.losses, r.token, requeued = 0, 0, "", requeued + 1', "requeued = requeued + 1"),
    Mutant("requeue leaves jobs in their place", "requeue", 'redis.call("ZREM", job.key, job.id)', ""),
    Mutant("requeue keeps the end", "requeue", 'r.ready_at, r.finished = stamp, ""', "r.ready_at = stamp"),
    Mutant("purge keeps the lock", "purge", "drop_locks(free)", ""),
    Mutant("purge does not count", "purge", "send_counts({ [ARGV.why] = #ids })", ""),
    Mutant("purge counts one job twice", "purge", "if not seen[id] and redis.call", "if redis.call"),
    Mutant("purge deletes from every place", "purge", 'redis.call("ZSCORE", KEYS.place, id) then', "true then"),
    Mutant("purge keeps who waits", "purge", 'redis.call("HDEL", KEYS.waiters, unpack(ids))', ""),
    Mutant("expire keeps who waits", "expire", 'redis.call("HDEL", KEYS.waiters, unpack(ids[p]))', ""),
    Mutant("expire frees the lock of a live job", "expire", 'if not lives(read(redis.call("HGET", KEYS.meta, owners[i] or ""))) then', "if true then"),
    Mutant("expire is early", "expire", 'redis.call("ZRANGEBYSCORE", place, "-inf", stamp', 'redis.call("ZRANGEBYSCORE", place, "-inf", text(now + 3600000)'),
    Mutant("expire does not count", "expire", "if expired > 0 then send_counts({ expired = expired }) end", ""),
    Mutant("expire folds old cells into nothing", "expire", 'redis.call("HSET", KEYS.cells, target, cell_text(cell))', ""),
    Mutant("expire counts old cells twice", "expire", 'redis.call("HDEL", KEYS.cells, field)', ""),
    Mutant("expire forgets what a total held", "expire", "add_text(empty_cell(), stored[1])", "empty_cell()"),
    Mutant("settle forgets how long failures ran", "settle", "if column > 1 then", "if false then"),
    Mutant("sample notes a minute anew", "sample", 'local noted, gone = redis.call("HEXISTS", KEYS.samples, text(minute)) == 1, {}', "local noted, gone = false, {}"),
    Mutant("sample keeps what is to come beside a minute that was noted", "sample", "if noted then\n  drop()", "if noted then"),
    Mutant("sample forgets the low", "sample", "for class, line in ipairs(READY) do\n  enqueued", "for class, line in ipairs({ READY[1], READY[2] }) do\n  enqueued"),
    Mutant("sample takes the running for blocked", "sample", "KEYS.blocked, KEYS.running, KEYS.failed", "KEYS.running, KEYS.blocked, KEYS.failed"),
    Mutant("sample keeps all for ever", "sample", "if at < minute - ARGV.keep or at > minute then", "if at > minute then"),
    Mutant("resume wakes nobody", "pause", "else wake_one() end", "end"),
    # who is blamed for a worker that vanished
    Mutant("a loss counts though the run had not begun", "hand_back", "if guilty then r.losses = r.losses + 1 end", "r.losses = r.losses + 1"),
    Mutant("a lease that is cut counts as begun", "reclaim", "lease_until(text(now + longest), has_begun(ahead[i + 1]))", "text(now + longest)"),
    Mutant("renew forgets that a lease only waits", "renew", "lease_until(expiry, runs)", "expiry"),
    Mutant("reserve forgets that a lease only waits", "reserve", 'return begun and ms or ms .. ".5"', "return ms"),
    Mutant("reclaim takes all for waiting", "reclaim", 'not string.find(expiry, ".5", 1, true)', "false"),
    # submit, of parents
    Mutant("submit takes a job whose parent is not known", "submit", 'or head.missing and "?" .. head.missing', ""),
    Mutant("submit takes all others of a call that is all or nothing", "submit", 'if (lacking or kept_out) and ARGV.together ~= "" then return out end', ""),
    # types that nobody handles
    Mutant("settle puts an unhandled job into no line", "settle", "add(lines.unhandled_line,", "add({},"),
    Mutant("settle loses the place of an unhandled job", "settle", "add(lines.unhandled, text(now - after), id)", ""),
    Mutant("settle drops an unhandled job where too many types are", "settle", "add(lines.scheduled, r.ready_at, id)\n    return", "return"),
    # several priorities in a class
    Mutant("reserve serves who came last", "reserve", "a.score % 1e13 < b.score % 1e13", "a.score % 1e13 > b.score % 1e13"),
    Mutant("reserve serves by age what is best", "reserve", "gather(found, better, at.highest + 1, at.lowest, quota)", "gather(found, better, at.highest, at.lowest, quota)"),
    Mutant("reserve forgets the lower of the classes above", "reserve", "for better = 1, class - 1 do", "for better = 1, 0 do"),
    # what is told to those who watch
    Mutant("submit does not tell", "submit", '"enqueued", ids_of(to[1], to[2], to[3])', '"enqueued", {}'),
    Mutant("submit does not tell of who waits for others", "submit", '"blocked", ids_of(to.blocked)', '"blocked", {}'),
    Mutant("reserve does not tell", "reserve", '"processing", ids_of(to.leases)', '"processing", {}'),
    Mutant("settle tells nobody that a job retries", "settle", '"retrying", ids_of(lines.retrying)', '"retrying", {}'),
    Mutant("settle tells nobody who was freed", "settle", '"enqueued", freed.enqueued', '"enqueued", {}'),
    Mutant("settle tells that who was freed waits still", "settle", '"enqueued", freed.enqueued, "scheduled", freed.scheduled', '"scheduled", freed.scheduled, "blocked", freed.enqueued'),
    Mutant("promote does not tell", "promote", '"enqueued", ids_of(unpack(lines))', '"enqueued", {}'),
    Mutant("reclaim tells that all have failed", "reclaim", "table.insert(came[job[2]], job[1])", "table.insert(came.failed, job[1])"),
    Mutant("hand_back does not tell", "hand_back", '"enqueued", came.enqueued', '"enqueued", {}'),
    Mutant("reschedule does not tell", "reschedule", 'tell({ "scheduled", moved.scheduled, "retrying", moved.retrying })', ""),
    Mutant("requeue does not tell", "requeue", 'tell({ "enqueued", each(plan, "id") })', ""),
    Mutant("cancel does not tell", "cancel", 'tell({ "cancelled", each(plan, "id") })', ""),
    Mutant("purge does not tell", "purge", 'tell({ "gone", ids })', ""),
    Mutant("pause tells the contrary", "pause", 'pausing and "paused" or "resumed"', 'pausing and "resumed" or "paused"'),
    Mutant("submit tells where nobody watches", "submit", 'return redis.call("EXISTS", KEYS.events) == 1', "return true"),
    Mutant("pause says what it did not", "pause", 'if pausing then redis.call("HSET", KEYS.conf, "paused", stamp) else', "if pausing then else"),
)  # fmt: skip

# Of what the walk does not do: each with the tests that notice it (tests/mutated.py changes the script for them).
_OUTBOX, _MOVE, _APART = (
    "tests/verbs/test_outbox.py",
    "tests/verbs/test_move.py",
    "tests/store/test_unhandled.py",
)
ELSEWHERE = (
    (Mutant("carry accepts a name twice", "carry", "local why = marks[n] and (", "local why = false and ("), f"{_OUTBOX}::test_a_second_carrier_that_stood_still_brings_nothing_again"),
    (Mutant("carry does not write its mark", "carry", "send(notes)", "send({ notes.awaited })"), f"{_OUTBOX}::test_a_carrier_that_dies_before_the_outbox_has_let_go_causes_no_second_run"),
    (Mutant("carry takes by its mark what it had refused", "carry", '(why == "taken" or why == "locked") and "-" or ""', '""'), f"{_MOVE}::test_a_refused_job_comes_back_though_its_carrier_died_before_it_did"),
    (Mutant("carry runs a follow-up whose parent nobody has seen", "carry", "if job.unsure then", "if false then"), f"{_OUTBOX}::test_a_follow_up_of_a_job_that_nobody_has_seen_is_dead_and_says_why"),
    (Mutant("a follow-up is brought before its parent", "gopher_cli/verbs/outbox.py", "if name in there and name not in sent and", "if False and"), f"{_OUTBOX}::test_a_chain_over_several_pages_of_the_outbox_is_in_order"),
    (Mutant("move forgets what was done once", "take_out", 'redis.call("HGET", key, id) or ""', 'n < 7 and redis.call("HGET", key, id) or ""'), f"{_MOVE}::test_a_moved_job_keeps_its_history_its_log_and_what_it_has_done_once"),
    (Mutant("move forgets the history", "take_out", 'redis.call("HGET", key, id) or ""', 'n ~= 4 and redis.call("HGET", key, id) or ""'), f"{_MOVE}::test_a_moved_job_keeps_its_history_its_log_and_what_it_has_done_once"),
    (Mutant("move takes a job for which others wait", "take_out", 'if is_awaited(id) then return "awaited" end', ""), f"{_MOVE}::test_a_job_for_which_others_wait_is_not_moved"),
    (Mutant("move leaves the job here too", "take_out", 'redis.call("ZREM", KEYS.failed, unpack(ids))', ""), _MOVE),
    (Mutant("move keeps the unique key here", "take_out", "drop_locks(free)", ""), f"{_MOVE}::test_a_unique_key_that_outlives_its_job_is_free_when_the_job_has_moved"),
    (Mutant("move brings back and lets the outbox keep it", "bring_back", 'redis.call("HDEL", KEYS.outbox, unpack(out, 2))', ""), f"{_MOVE}::test_a_job_that_is_refused_there_is_dead_here_as_before"),
    (Mutant("readmit forgets the type", "readmit", "local from, to = range_of(number)", 'local from, to = "-inf", "+inf"'), f"{_APART}::test_who_knows_the_type_gets_them_in_their_old_order"),
    (Mutant("readmit forgets the line", "readmit", 'redis.call("ZREM", KEYS.unhandled_line, unpack(taken))', ""), _APART),
    (Mutant("readmit loses the place of a job", "readmit", "add(lines[class_of(r.score)], r.score, taken[i])", ""), f"{_APART}::test_who_knows_the_type_gets_them_in_their_old_order"),
    (Mutant("readmit forgets the order of the line", "readmit", "a.at < b.at", "a.at > b.at"), f"{_APART}::test_several_types_come_in_the_order_of_the_line"),
)  # fmt: skip

# Of the doctor's scripts, with the damage (doctor/damages.py) that shows them.
REPAIRS = (
    (Mutant("mend leaves a job where it was too", "mend", 'redis.call("ZREM", place, id)', 'redis.call("ZCARD", place)'), "it stands in line, and among the dead"),
    (Mutant("mend does not look whether it is as it was seen", "mend", "local same = stands == ARGV[i + 1] and", "local same = true or"), "it changed meanwhile"),
    (Mutant("mend forgets who holds it", "mend", 'if job.place == RUNNING then redis.call("ZADD", KEYS.held, 0, id) end', ""), "it runs, and its worker does not know"),
    (Mutant("mend does not lock", "mend", 'if job.lock then redis.call("HSET", KEYS.locks, job.r.lock, id) end', ""), "its lock is gone"),
    (Mutant("mend makes two live jobs with one key", "mend", "if locked(r, job.id, taken) then", "if false then"), "another has its key meanwhile"),
    (Mutant("mend keeps the lock of the dead", "mend", "free_locks(free)", ""), "its unique job is in quarantine"),
    (Mutant("mend drops the bytes", "mend", 'if job.told ~= "" then', "if false then"), "its record is garbage"),
    (Mutant("mend keeps the request to stop", "mend", 'if job.place ~= RUNNING then redis.call("HDEL", KEYS.cancels, id) end', ""), "it was to stop, and came nowhere"),
    (Mutant("mend wakes nobody", "mend", "if ready or #freed.enqueued > 0 then wake_one() end", ""), "nobody is awake"),
    (Mutant("mend wakes nobody for a child", "mend", "if ready or #freed.enqueued > 0 then", "if ready then"), "its parent came nowhere"),
    (Mutant("mend forgets what a newer version wrote", "mend", "r.more = (read(record) or r).more", ""), "a newer version wrote more"),
    (Mutant("mend leaves children blocked", "mend", "if job.place == COMPLETED then done[#done + 1] = id end", ""), "its parent came nowhere"),
    (Mutant("clear leaves children blocked", "clear", 'if name == "waiters" and not gone then done[#done + 1] = id end', ""), "what it waits for has completed"),
    (Mutant("clear wakes nobody", "clear", "then wake_one() end", "then end"), "nobody is awake for a child"),
    (Mutant("clear takes the traces of a living job", "clear", "(gone or", "(true or"), "a living job keeps its history"),
    (Mutant("clear takes the lock of a living job", "clear", "and not lives(read(", "and (read("), "a lock of nobody"),
    (Mutant("clear takes a lock that lasts", "clear", "return id and not lasts and", "return id and"), "a lock outlives its job"),
    (Mutant("clear takes what it was only asked about", "clear", 'if ARGV.act ~= "1" then return out end', ""), "a look takes nothing"),
    (Mutant("clear leaves ends without locks", "clear", 'if ZSETS[from] then', "if false then"), "the end of no lock"),
    (Mutant("clear takes a running job out of its worker's hands", "clear", 'return not is_held_by(ARGV.holder, r)', "return true"), "a stranger runs a job"),
    (Mutant("recount counts the missing as there", "recount", 'home or "enqueued"', '"enqueued" or home'), "too many were counted"),
    (Mutant("recount takes a loss for a purge", "recount", '{}, {}, "missing"', '{}, {}, "purged"'), "too many were counted"),
    (Mutant("recount forgets a loss", "recount", "- (count.missing or 0)", ""), "too many were counted"),
    (Mutant("recount takes garbage for a loss", "recount", 'if name == "purged" or name == "expired" then home = name end', ""), "a counter of what has left that is none"),
    (Mutant("recount drops good counters", "recount", 'string.find(value, "^%d+$")', 'string.find(value, "^%d%d+$")'), "a healthy queue"),
    (Mutant("recount takes quarantined names for jobs", "recount", "missing + (count.corrupt or 0)", "missing"), "a name was never counted"),
)  # fmt: skip
