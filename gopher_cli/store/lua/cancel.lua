-- Cancel jobs: one that waits is cancelled now, a running one is asked through its worker's heartbeat.
--
-- KEYS  ready_high ready_normal ready_low scheduled retrying blocked running completed failed cancelled meta locks lock_ends cancels counters
-- ARGV  now retention ...
-- ...   id
-- OUT   {now, word, ...}: for each id cancelled, requested, gone, or the state that forbids it
--- @include now
--- @include record
--- @include place
--- @include unlock

local WAITING = {
  { "enqueued", KEYS[1] }, { "enqueued", KEYS[2] }, { "enqueued", KEYS[3] },
  { "scheduled", KEYS[4] }, { "retrying", KEYS[5] }, { "blocked", KEYS[6] },
}
local ENDED = { { "processing", KEYS[7] }, { "completed", KEYS[8] }, { "failed", KEYS[9] }, { "cancelled", KEYS[10] } }
local cancelled, meta, locks, lock_ends, cancels, counters = KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15]
local now, keep_until = now_ms(ARGV[1]), nil
keep_until = text(now + ARGV[2])

local out, plan, free = { text(now) }, {}, {}
for i = 3, #ARGV do
  local id = ARGV[i]
  local r = read(redis.call("HGET", meta, id))
  local state, key = place_of(WAITING, id)
  if state and r then
    plan[#plan + 1] = { id = id, r = r, key = key }
    out[#out + 1] = "cancelled"
  else
    state = place_of(ENDED, id)
    if state == "processing" then plan[#plan + 1] = { id = id } end
    out[#out + 1] = state == "processing" and "requested" or state == "cancelled" and "again" or state or "gone"
  end
end

for _, job in ipairs(plan) do
  if job.key then
    redis.call("ZREM", job.key, job.id)
    job.r.finished, job.r.token = text(now), ""
    redis.call("HSET", meta, job.id, line(job.r))
    redis.call("ZADD", cancelled, keep_until, job.id)
    redis.call("HINCRBY", counters, "cancelled", 1)
    free[#free + 1] = job.r.lock
    free[#free + 1] = job.id
  else
    redis.call("HSET", cancels, job.id, "1")
  end
end
free_locks(locks, lock_ends, free)
return out
