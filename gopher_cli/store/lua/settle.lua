-- End attempts: each running job moves to the state its outcome earned. Only the holder of the token may.
--
-- A success that comes after its lease was lost still counts while nobody newer holds the job.
-- A job that was asked to stop ends as cancelled, unless this attempt was its end anyway.
-- Follow-up jobs of a settled attempt are accepted here, with it, into the outbox.
--
-- KEYS  running meta held ready_high ready_normal ready_low scheduled retrying completed failed cancelled blocked waiters spec result errors log progress once locks lock_ends cancels outbox counters cells wake events
-- ARGV  now max_losses count ...
-- ...   `count` jobs in groups (lib/groups.lua), then for each follow-up: parent child record
-- OUT   {now, index, why, ...}: the jobs not settled now, from 0; why is again, stale or gone
--- @include now
--- @include record
--- @include batch
--- @include touch
--- @include tally
--- @include classes
--- @include wake
--- @include append
--- @include lose
--- @include judge
--- @include conclude
--- @include unlock
--- @include unblock
--- @include forget
--- @include cells
--- @include observe
--- @include paper
--- @include groups
--- @include end_attempt
--- @include tell
--- @include tell_ends

local running, meta, held, READY = KEYS[1], KEYS[2], KEYS[3], { KEYS[4], KEYS[5], KEYS[6] }
local scheduled, retrying, completed, failed, cancelled = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local blocked, waiters, spec, result, errors = KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16]
local log, progress, once, locks, lock_ends = KEYS[17], KEYS[18], KEYS[19], KEYS[20], KEYS[21]
local cancels, outbox, counters, cells, wake, events = KEYS[22], KEYS[23], KEYS[24], KEYS[25], KEYS[26], KEYS[27]
local LATE = { READY[1], READY[2], READY[3], scheduled, retrying, failed }
local now, max_losses = now_ms(ARGV[1]), tonumber(ARGV[2])

local groups, ids, rest = read_groups(4, tonumber(ARGV[3]))
local records, out, n = redis.call("HMGET", meta, unpack(ids)), { text(now) }, 0
local asked = redis.call("EXISTS", cancels) == 1 and redis.call("HMGET", cancels, unpack(ids)) or {}
local places = { READY[1], READY[2], READY[3], scheduled = scheduled, retrying = retrying, completed = completed, failed = failed, cancelled = cancelled }
local to = paper(places, meta, result, now, max_losses)
for _, group in ipairs(groups) do n = end_group(to, group, ids, n, records, asked, out) end
if #to.mine == 0 then return out end

local follow_ups = batch("HSET", outbox)
for i = rest, #ARGV, 3 do
  if to.settled[ARGV[i]] then add(follow_ups, ARGV[i + 1], ARGV[i + 2]) end
end
local writes = { to.metas, to.results, histories(errors, to.told), follow_ups }
local children = children_of(to.done, waiters, blocked, READY, scheduled)
look(writes)
look(to.lines)
if #to.free > 0 then touch({ lock_ends }, { locks }) end
touch({ running }, {})
if #to.late > 0 then touch(LATE, {}) end
if #to.gone > 0 then touch({}, { spec, result, errors, log, progress, once }) end

redis.call("ZREM", held, unpack(to.mine))
redis.call("ZREM", running, unpack(to.mine))
if #asked > 0 then redis.call("HDEL", cancels, unpack(to.mine)) end
for _, place in ipairs(#to.late > 0 and LATE or {}) do redis.call("ZREM", place, unpack(to.late)) end
send(writes)
send(to.lines)
free_locks(locks, lock_ends, to.free)
local freed = { enqueued = {}, scheduled = {} }
local woken = unblock(children, waiters, blocked, meta, READY, scheduled, now, freed)
forget(to.gone, spec, meta, result, errors, log, progress, once)
if #to.gone > 0 then tick(to.count, "expired", #to.gone) end
if #to.done > 0 then tick(to.count, "completed", #to.done) end
send_counts(counters, to.count)
keep_observed(cells, now, to.seen)
if woken or to.count.released then wake_one(wake) end
if hears(events) then tell_ends(events, to, freed) end
return out
