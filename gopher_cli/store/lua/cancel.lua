-- Cancel jobs: one that waits is cancelled now, a running one is asked through its worker's heartbeat.
--
-- A running job that was asked ends as cancelled whatever takes it from its worker, unless it comes
-- to an end of its own first.
--
-- KEYS  ready_high ready_normal ready_low scheduled retrying blocked running completed failed cancelled meta locks lock_ends cancels counters events
-- ARGV  now retention ...
-- ...   id
-- OUT   {now, word, ...}: for each id cancelled, requested, again, gone, or the state that forbids it
--- @include now
--- @include record
--- @include place
--- @include touch
--- @include tally
--- @include unlock
--- @include tell

local WAITING = {
  { "enqueued", KEYS[1] }, { "enqueued", KEYS[2] }, { "enqueued", KEYS[3] },
  { "scheduled", KEYS[4] }, { "retrying", KEYS[5] }, { "blocked", KEYS[6] },
}
local ENDED = { { "requested", KEYS[7] }, { "completed", KEYS[8] }, { "failed", KEYS[9] }, { "again", KEYS[10] } }
local cancelled, meta, locks, lock_ends, cancels, counters, events = KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16]
local now, retention = now_ms(ARGV[1]), ARGV[2]

local out, plan, free, running, seen = { text(now) }, {}, {}, {}, {}
for i = 3, #ARGV do
  local id = ARGV[i]
  local r, state, key = read(redis.call("HGET", meta, id)), place_of(WAITING, id)
  local word = state and "cancelled" or place_of(ENDED, id) or "gone"
  if state and not seen[id] then plan[#plan + 1] = { id = id, r = r or blank(text(now)), key = key } end
  if word == "requested" and not seen[id] then running[#running + 1] = id end
  seen[id], out[#out + 1] = true, word
end
touch({ cancelled, lock_ends }, { locks, cancels })

for _, job in ipairs(plan) do
  redis.call("ZREM", job.key, job.id)
  job.r.finished, job.r.token = text(now), ""
  redis.call("HSET", meta, job.id, line(job.r))
  redis.call("ZADD", cancelled, text(now + retention), job.id)
  free[#free + 1] = { job.r.lock, job.id }
end
free_locks(locks, lock_ends, free)
-- Removed, then added: a full memory would refuse a plain HSET, and a job could not be stopped.
if #running > 0 then redis.call("HDEL", cancels, unpack(running)) end
for _, id in ipairs(running) do redis.call("HSET", cancels, id, retention) end
if #plan > 0 then send_counts(counters, { cancelled = #plan }) end
if #plan > 0 and hears(events) then tell(events, { "cancelled", each(plan, "id") }) end
return out
