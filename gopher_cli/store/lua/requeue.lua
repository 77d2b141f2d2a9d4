-- Jobs run again now: from the dead letter queue with their attempts reset, or ahead of their time.
--
-- KEYS  ready_high ready_normal ready_low failed retrying scheduled blocked cancelled completed running meta locks counters wake
-- ARGV  now from ...
-- ...   id; `from` is a state, or any
-- OUT   {now, word, ...}: for each id enqueued, locked (its unique key is held), gone, or the state that forbids it
--- @include now
--- @include record
--- @include place
--- @include unlock
--- @include classes
--- @include wake

local READY = { KEYS[1], KEYS[2], KEYS[3] }
local FROM = { { "failed", KEYS[4] }, { "retrying", KEYS[5] }, { "scheduled", KEYS[6] }, { "blocked", KEYS[7] }, { "cancelled", KEYS[8] } }
local OTHER = { { "again", KEYS[1] }, { "again", KEYS[2] }, { "again", KEYS[3] }, { "completed", KEYS[9] }, { "processing", KEYS[10] } }
local meta, locks, counters, wake = KEYS[11], KEYS[12], KEYS[13], KEYS[14]
local now, from = now_ms(ARGV[1]), ARGV[2]

local out, plan, taken = { text(now) }, {}, {}
local function locked(r, id)
  if r.lock == "" then return false end
  local holder = redis.call("HGET", locks, r.lock)
  return taken[r.lock] or (holder and holder ~= id and lives(read(redis.call("HGET", meta, holder))))
end

for i = 3, #ARGV do
  local id = ARGV[i]
  local r, state, key = read(redis.call("HGET", meta, id)), place_of(FROM, id)
  if not state then
    out[#out + 1] = place_of(OTHER, id) or "gone"
  elseif from ~= "any" and from ~= state or not r then
    out[#out + 1] = state
  elseif (state == "failed" or state == "cancelled") and locked(r, id) then
    out[#out + 1] = "locked"
  else
    if r.lock ~= "" then taken[r.lock] = id end
    plan[#plan + 1] = { id = id, r = r, key = key, ended = state == "failed" or state == "cancelled" }
    out[#out + 1] = "enqueued"
  end
end

for _, job in ipairs(plan) do
  local r = job.r
  redis.call("ZREM", job.key, job.id)
  r.ready_at, r.finished = text(now), ""
  if job.ended then
    r.attempts, r.losses, r.token = 0, 0, ""
    if r.lock ~= "" then redis.call("HSET", locks, r.lock, job.id) end
    redis.call("HINCRBY", counters, "requeued", 1)
  end
  redis.call("HSET", meta, job.id, line(r))
  redis.call("ZADD", READY[class_of(r.score)], r.score, job.id)
end
if #plan > 0 then wake_one(wake) end
return out
