"""Bugs that somebody could write, each as a change of a script's text. The laws must notice them all."""

# ruff: noqa: E501 (a mutant quotes a line of Lua, and is as long)

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    bug: str
    script: str
    old: str
    new: str


MUTANTS = (
    # settle
    Mutant("settle takes any token", "settle", 'if r.token ~= token and not (state == "completed" and r.token == "?" .. token) then return "stale" end', ""),
    Mutant("settle takes an empty token", "settle", 'if token == "" or string.find(token, "^[!?]") then return "stale" end', ""),
    Mutant("settle counts the same failure twice", "settle", 'r.token = "!" .. group.token', "r.token = group.token"),
    Mutant("settle counts the same success twice", "settle", 'head .. "!" .. token', "head .. token"),
    Mutant("settle lets any token succeed", "settle", "if token ~= group.token or to.settled", "if to.settled"),
    Mutant("settle forgets the lock of a success", "settle", 'or lock ~= "" then return false end', "then return false end"),
    Mutant("a lost attempt keeps its token", "reclaim", '"?" .. r.token', "r.token"),
    Mutant("settle keeps the lease", "settle", 'redis.call("ZREM", running, unpack(to.mine))', ""),
    Mutant("settle keeps it in the worker's hands", "settle", 'redis.call("ZREM", held, unpack(to.mine))', ""),
    Mutant("settle keeps the lock of an ended job", "settle", "free_locks(locks, lock_ends, to.free)", ""),
    Mutant("settle forgets the lock's own end", "settle", 'and not redis.call("ZSCORE", lock_ends, lock) then', "then"),
    Mutant("settle loses a job that is to retry", "settle", "else add(to.lines[state], at, id) end", 'elseif state ~= "retrying" then add(to.lines[state], at, id) end'),
    Mutant("a late success stays in its place too", "settle", 'redis.call("ZREM", place, unpack(to.late))', ""),
    Mutant("a late success stays in the dead letter queue", "settle", "local LATE = { READY[1], READY[2], READY[3], scheduled, retrying, failed }", "local LATE = { READY[1], READY[2], READY[3], scheduled, retrying, running }"),
    Mutant("a late failure is taken", "settle", 'not (state == "completed" and r.token == "?" .. token)', 'r.token ~= "?" .. token'),
    Mutant("settle spends an attempt on a snooze", "settle", "r.attempts = math.max(r.attempts - 1, 0)\n  end\n  if asked", "end\n  if asked"),
    Mutant("settle forgets that a stop was asked for", "settle", 'if asked and state ~= "completed" and state ~= "failed" then return "cancelled" end', ""),
    Mutant("settle keeps the request to stop", "settle", 'if #asked > 0 then redis.call("HDEL", cancels, unpack(to.mine)) end', ""),
    Mutant("settle leaves children blocked", "settle", 'redis.call("ZREM", blocked, child)', ""),
    Mutant("settle frees a child that waits for another", "settle", "<= 0 then\n        redis.call", "<= 9 then\n        redis.call"),
    Mutant("settle frees a child before its time", "settle", "tonumber(r.ready_at) > now then", "false then"),
    Mutant("settle frees a later job of the same id", "settle", "if r and r.score == score and", "if r and"),
    Mutant("settle wakes nobody", "settle", "if woken or to.count.released then wake_one(wake) end", ""),
    Mutant("settle forgets a job and does not count it", "settle", 'tick(to.count, "expired", #to.gone)', ""),
    Mutant("settle leaves traces of a job it forgets", "settle", "forget(to.gone, spec, meta, result, errors, log, progress, once)", "forget(to.gone, spec, meta, result, errors, log, progress, result)"),
    Mutant("settle drops the history", "settle", "append(old[n], entry[2], 65536)", "entry[2]"),
    Mutant("settle lets a job be lost for ever", "settle", "return guilty and r.losses >= max_losses or false", "return false"),
    # submit
    Mutant("submit takes a known id again", "submit", 'local why = (known[n] or taken[id]) and "" or nil', 'local why = taken[id] and "" or nil'),
    Mutant("submit takes an id twice in one call", "submit", 'local why = (known[n] or taken[id]) and "" or nil', 'local why = known[n] and "" or nil'),
    Mutant("submit ignores who holds the lock", "submit", "or holder(head.lock, locks, lock_ends, meta, now)", ""),
    Mutant("submit does not lock", "submit", "add(to.locks, head.lock, id)", ""),
    Mutant("submit honours the lock of a dead job", "submit", 'local function lives(record) return record ~= nil and record.finished == "" end', "local function lives(record) return record ~= nil end"),
    Mutant("submit does not wait for a parent in the same call", "submit", "local known = taken[parent] or", "local known ="),
    Mutant("submit waits for what has completed", "submit", 'and not redis.call("ZSCORE", completed, parent)', ""),
    Mutant("submit counts a parent twice", "submit", "if known and not seen[parent] then", "if known then"),
    Mutant("submit does not count", "submit", "send_counts(counters, { enqueued = #fresh })", ""),
    Mutant("submit wakes nobody", "submit", "then wake_one(wake) end", "then end"),
    # reserve
    Mutant("reserve ignores the pause", "reserve", 'if redis.call("HEXISTS", conf, "paused") == 1', "if false"),
    Mutant("reserve leaves jobs in line", "reserve", 'redis.call("ZREM", READY[class], unpack(taken[class]))', 'redis.call("ZREM", READY[1], "")'),
    Mutant("reserve does not write down who holds it", "reserve", "add(holds, sequence, id)", ""),
    Mutant("reserve leases anew when it is sent again", "reserve", "if #again > 0 then", "if false then"),
    Mutant("reserve spends no attempt", "reserve", "attempts = attempts + 1", "attempts = attempts + 0"),
    Mutant("reserve serves the low before the high", "reserve", "local READY = { KEYS[1], KEYS[2], KEYS[3] }", "local READY = { KEYS[3], KEYS[2], KEYS[1] }"),
    Mutant("reserve wakes no other", "reserve", "> 0 then wake_one(wake) end", "> 0 then end"),
    # the rest, at least one each
    Mutant("promote leaves jobs in their place", "promote", 'redis.call("ZREM", place, unpack(taken[p]))', 'redis.call("ZCARD", place)'),
    Mutant("promote puts jobs into the wrong line", "promote", "add(lines[class_of(r.score)], r.score, id)", "add(lines[1], r.score, id)"),
    Mutant("promote is early", "promote", '"-inf", text(now), "LIMIT"', '"-inf", text(now + 60000), "LIMIT"'),
    Mutant("promote wakes nobody", "promote", "if moved > #corrupt then wake_one(wake) end", ""),
    Mutant("promote tells no next moment", "promote", "next_due(PLACES)", '"0"'),
    Mutant("reclaim keeps the lease", "reclaim", 'redis.call("ZREM", keys.running, job.id)', 'redis.call("ZREM", keys.failed, job.id)'),
    Mutant("reclaim strikes once", "reclaim", "local raw = suspects[id] == expiry and", "suspects[id] = expiry local raw ="),
    Mutant("reclaim keeps the lock of a dead job", "reclaim", "free_locks(keys.locks, keys.lock_ends, free)", ""),
    Mutant("reclaim spends an attempt", "reclaim", "r.attempts = math.max(r.attempts - 1, 0)", ""),
    Mutant("reclaim keeps the request to stop", "reclaim", 'if job.asked then redis.call("HDEL", keys.cancels, job.id) end', ""),
    Mutant("reclaim lets a job be lost for ever", "reclaim", "if guilty then r.losses = r.losses + 1 end", ""),
    Mutant("hand_back keeps the lease", "hand_back", 'redis.call("ZREM", keys.running, job.id)', 'redis.call("ZREM", keys.failed, job.id)'),
    Mutant("hand_back takes what is another's", "hand_back", 'and string.sub(r.token, 1, #worker + 1) == worker .. ":"', ""),
    Mutant("hand_back blames the innocent", "hand_back", "guilty = guilty[id] }", "guilty = true }"),
    Mutant("hand_back runs what was to stop", "hand_back", 'or job.asked and "cancelled"', ""),
    Mutant("hand_back wakes nobody", "hand_back", "if count.released then wake_one(keys.wake) end", ""),
    Mutant("renew keeps what is another's", "renew", 'and string.sub(r.token, 1, #worker + 1) == worker .. ":"', ""),
    Mutant("renew does not renew", "renew", "send({ leases })", 'redis.call("ZADD", running, unpack({ ARGV[1], keep[1] }))'),
    Mutant("renew does not tell who is to stop", "renew", "cancel[#cancel + 1] = id", ""),
    Mutant("report hears anybody", "report", 'if r and token ~= "" and r.token == token then', "if r then"),
    Mutant("once hears anybody", "once", 'if not r or token == "" or r.token ~= token then', "if not r then"),
    Mutant("cancel leaves jobs in their place", "cancel", 'redis.call("ZREM", job.key, job.id)', ""),
    Mutant("cancel keeps the lock", "cancel", "free_locks(locks, lock_ends, free)", ""),
    Mutant("cancel does not ask a running job", "cancel", 'redis.call("HSET", cancels, id, retention)', ""),
    Mutant("requeue takes the lock of a live job", "requeue", "elseif not seen[id] and ended and locked(r, id) then", "elseif false then"),
    Mutant("requeue does not lock again", "requeue", 'if r.lock ~= "" then redis.call("HSET", locks, r.lock, job.id) end', ""),
    Mutant("requeue keeps the attempts", "requeue", 'r.attempts, r.losses, r.token, requeued = 0, 0, "", requeued + 1', "requeued = requeued + 1"),
    Mutant("requeue leaves jobs in their place", "requeue", 'redis.call("ZREM", job.key, job.id)', ""),
    Mutant("requeue keeps the end", "requeue", 'r.ready_at, r.finished = text(now), ""', "r.ready_at = text(now)"),
    Mutant("purge keeps the lock", "purge", "free_locks(locks, lock_ends, free)", ""),
    Mutant("purge does not count", "purge", "send_counts(counters, { [why] = #ids })", ""),
    Mutant("purge counts one job twice", "purge", "if not seen[id] and redis.call", "if redis.call"),
    Mutant("purge deletes from every place", "purge", 'redis.call("ZSCORE", place, id) then', "true then"),
    Mutant("purge keeps who waits", "purge", 'redis.call("HDEL", waiters, unpack(ids))', ""),
    Mutant("expire keeps who waits", "expire", 'redis.call("HDEL", waiters, unpack(ids[p]))', ""),
    Mutant("expire frees the lock of a live job", "expire", 'if not lives(read(redis.call("HGET", meta, owners[i] or ""))) then', "if true then"),
    Mutant("expire is early", "expire", 'redis.call("ZRANGEBYSCORE", place, "-inf", text(now)', 'redis.call("ZRANGEBYSCORE", place, "-inf", text(now + 3600000)'),
    Mutant("expire does not count", "expire", "if expired > 0 then send_counts(counters, { expired = expired }) end", ""),
    Mutant("resume wakes nobody", "pause", "if changed == 1 then wake_one(wake) end", ""),
    Mutant("pause says what it did not", "pause", 'redis.call("HSETNX", conf, "paused", text(now_ms(ARGV[1])))', '1'),
)  # fmt: skip

# Of the doctor's scripts, with the damage (doctor/damages.py) that shows them.
REPAIRS = (
    (Mutant("mend leaves a job where it was too", "mend", 'redis.call("ZREM", place, job.id)', 'redis.call("ZCARD", place)'), "it stands in line, and among the dead"),
    (Mutant("mend does not look whether it is as it was seen", "mend", "local same = seen[n] == ARGV[i + 1] and", "local same = true or"), "it changed meanwhile"),
    (Mutant("mend forgets who holds it", "mend", 'if job.place == RUNNING then redis.call("ZADD", held, 0, job.id) end', ""), "it runs, and its worker does not know"),
    (Mutant("mend does not lock", "mend", 'if job.lock then redis.call("HSET", locks, job.r.lock, job.id) else', "if not job.lock then"), "its lock is gone"),
    (Mutant("mend makes two live jobs with one key", "mend", "and locked(r, id) then", "and false then"), "another has its key meanwhile"),
    (Mutant("mend keeps the lock of the dead", "mend", "free_locks(locks, lock_ends, free)", ""), "its unique job is in quarantine"),
    (Mutant("mend drops the bytes", "mend", 'if job.told ~= "" then', "if false then"), "its record is garbage"),
    (Mutant("mend keeps the request to stop", "mend", 'if job.place ~= RUNNING then redis.call("HDEL", cancels, job.id) end', ""), "it was to stop, and came nowhere"),
    (Mutant("mend wakes nobody", "mend", "if ready then wake_one(wake) end", ""), "nobody is awake"),
    (Mutant("mend forgets what a newer version wrote", "mend", "r.more = (read(records[n]) or r).more", ""), "a newer version wrote more"),
    (Mutant("clear takes the traces of a living job", "clear", "local over = gone or", "local over = true or"), "a living job keeps its history"),
    (Mutant("clear takes the lock of a living job", "clear", "and not lives(read(", "and (read("), "a lock of nobody"),
    (Mutant("clear takes a lock that lasts", "clear", "if id and not lasts and", "if id and"), "a lock outlives its job"),
    (Mutant("clear takes what it was only asked about", "clear", 'if act ~= "1" then return out end', ""), "a look takes nothing"),
    (Mutant("clear leaves ends without locks", "clear", 'if ZSETS[out[i]] then', "if false then"), "the end of no lock"),
    (Mutant("clear takes a running job out of its worker's hands", "clear", 'if not r or string.sub(r.token, 1, #holder + 1) ~= holder .. ":" then', "if true then"), "a stranger runs a job"),
    (Mutant("recount counts the missing as there", "recount", '"purged" or "enqueued"', '"enqueued" or "purged"'), "too many were counted"),
    (Mutant("recount drops good counters", "recount", 'string.find(flat[i + 1], "^%d+$")', 'string.find(flat[i + 1], "^%d%d+$")'), "a healthy queue"),
    (Mutant("recount takes quarantined names for jobs", "recount", "missing + (count.corrupt or 0)", "missing"), "a name was never counted"),
)  # fmt: skip
