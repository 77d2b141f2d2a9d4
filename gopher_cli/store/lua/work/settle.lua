-- End attempts: each running job moves to the state its outcome earned. Only the holder of the token may.
--
-- A success that comes after its lease was lost still counts while nobody newer holds the job.
-- A job that was asked to stop ends as cancelled, unless this attempt was its end anyway.
-- Follow-up jobs of a settled attempt are accepted here, with it, into the outbox.
--
-- KEYS  running meta held ready_high ready_normal ready_low scheduled retrying completed failed cancelled blocked
--       waiters spec result errors log progress once locks lock_ends cancels outbox counters cells wake events
--       unhandled unhandled_line unhandled_types last_success runs
-- ARGV  now max_losses count ...
-- ...   `count` jobs in groups (lib/settle/settlement_groups.lua), then for each follow-up: parent child record
-- OUT   {now, index, why, ...}: the jobs not settled now, from 0; why is again, stale or gone
--- @needs batch counters delete_jobs end_attempt last_successes notify now observe publish_settled release_locks
--- @needs settlement_batch settlement_groups touch unblock

local groups, ids, rest = read_groups(4, tonumber(ARGV.count))
local records = redis.call("HMGET", KEYS.meta, unpack(ids))
local asked = redis.call("EXISTS", KEYS.cancels) == 1 and redis.call("HMGET", KEYS.cancels, unpack(ids)) or {}

local to, out, n = settlement_batch(), { stamp }, 0
for _, group in ipairs(groups) do n = end_group(to, group, ids, n, records, asked, out) end
if #to.mine == 0 then return out end

local follow_ups = read_follow_ups(rest, to.settled)
local succeeded, runs, watched = last_successes(to.seen, to.done)

-- A late success stands wherever its loss has led it.
local LATE = { KEYS.ready_high, KEYS.ready_normal, KEYS.ready_low, KEYS.scheduled, KEYS.retrying, KEYS.failed }
local writes = { to.metas, to.results, histories(to.entries), follow_ups, succeeded, runs }
local children = children_of(to.done)
look(writes)
look(to.lines)
touch({ KEYS.running }, {})
if #to.free > 0 then touch({ KEYS.lock_ends }, { KEYS.locks }) end
if #to.late > 0 then touch(LATE, {}) end
if #to.gone > 0 then touch({}, { KEYS.spec, KEYS.result, KEYS.errors, KEYS.log, KEYS.progress, KEYS.once }) end

redis.call("ZREM", KEYS.held, unpack(to.mine))
redis.call("ZREM", KEYS.running, unpack(to.mine))
if #asked > 0 then redis.call("HDEL", KEYS.cancels, unpack(to.mine)) end
if to.apart and #to.apart.idle > 0 then redis.call("HDEL", KEYS.unhandled_types, unpack(to.apart.idle)) end
for _, place in ipairs(#to.late > 0 and LATE or {}) do redis.call("ZREM", place, unpack(to.late)) end
send(writes)
send(to.lines)
release_locks(to.free)
local freed = unblock(children)
delete_jobs(to.gone)

if #to.gone > 0 then increment(to.count, "expired", #to.gone) end
if #to.done > 0 then increment(to.count, "completed", #to.done) end
send_counts(to.count)
store_observed(to.seen)
if #freed.enqueued > 0 or to.count.released then notify_worker() end
if watched then publish_settled(to, freed) end
return out
