-- Cancel jobs: one that waits is cancelled now, a running one is asked through its worker's heartbeat.
--
-- A running job that was asked ends as cancelled whatever takes it from its worker, unless it comes
-- to an end of its own first.
--
-- KEYS  ready_high ready_normal ready_low scheduled retrying blocked running completed failed cancelled unhandled
--       unhandled_line meta locks lock_ends cancels counters events
-- ARGV  now retention ...
-- ...   id
-- OUT   {now, word, ...}: for each id cancelled, requested, again, gone, or the state that forbids it
--- @needs counters now place_of publish record release_locks touch

local WAITING = {
  { "enqueued", KEYS.ready_high }, { "enqueued", KEYS.ready_normal }, { "enqueued", KEYS.ready_low },
  { "enqueued", KEYS.unhandled },
  { "scheduled", KEYS.scheduled }, { "retrying", KEYS.retrying }, { "blocked", KEYS.blocked },
}
local OTHER = {
  { "requested", KEYS.running }, { "completed", KEYS.completed },
  { "failed", KEYS.failed }, { "again", KEYS.cancelled },
}
local out, plan, asked, seen = { stamp }, {}, {}, {}

for i = 3, #ARGV do
  local id = ARGV[i]
  local r, state, key = read(redis.call("HGET", KEYS.meta, id)), place_of(WAITING, id)
  local word = state and "cancelled" or place_of(OTHER, id) or "gone"
  if state and not seen[id] then plan[#plan + 1] = { id = id, r = r or blank(), key = key } end
  if word == "requested" and not seen[id] then asked[#asked + 1] = id end
  seen[id], out[#out + 1] = true, word
end
touch({ KEYS.cancelled, KEYS.lock_ends, KEYS.unhandled_line }, { KEYS.locks, KEYS.cancels })

local free = {}
for _, job in ipairs(plan) do
  redis.call("ZREM", job.key, job.id)
  if job.key == KEYS.unhandled then redis.call("ZREM", KEYS.unhandled_line, job.id) end
  job.r.finished, job.r.token = stamp, ""
  redis.call("HSET", KEYS.meta, job.id, line(job.r))
  redis.call("ZADD", KEYS.cancelled, text(now + ARGV.retention), job.id)
  free[#free + 1] = { job.r.lock, job.id }
end
release_locks(free)
-- Removed, then added: a full memory would refuse a plain HSET, and a job could not be stopped.
if #asked > 0 then redis.call("HDEL", KEYS.cancels, unpack(asked)) end
for _, id in ipairs(asked) do redis.call("HSET", KEYS.cancels, id, ARGV.retention) end

if #plan > 0 then send_counts({ cancelled = #plan }) end
if #plan > 0 and is_watched() then publish({ "cancelled", pluck(plan, "id") }) end
return out
