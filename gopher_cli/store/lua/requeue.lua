-- Jobs run again now: from the dead letter queue with their attempts reset, or ahead of their time.
--
-- KEYS  ready_high ready_normal ready_low failed retrying scheduled blocked cancelled completed running meta locks counters wake events
-- ARGV  now from ...
-- ...   id; `from` is a state, or any
-- OUT   {now, word, ...}: for each id enqueued, again (it is already), locked (its unique key is held), gone, or the state that forbids it
--- @include now
--- @include record
--- @include place
--- @include touch
--- @include tally
--- @include unlock
--- @include classes
--- @include wake
--- @include tell

local READY = { KEYS[1], KEYS[2], KEYS[3] }
local FROM = { { "failed", KEYS[4] }, { "retrying", KEYS[5] }, { "scheduled", KEYS[6] }, { "blocked", KEYS[7] }, { "cancelled", KEYS[8] } }
local OTHER = { { "again", KEYS[1] }, { "again", KEYS[2] }, { "again", KEYS[3] }, { "completed", KEYS[9] }, { "processing", KEYS[10] } }
local meta, locks, counters, wake, events = KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15]
local now, from = now_ms(ARGV[1]), ARGV[2]

local out, plan, taken, seen, requeued = { text(now) }, {}, {}, {}, 0
local function locked(r, id)
  if r.lock == "" then return false end
  local holder = redis.call("HGET", locks, r.lock)
  return taken[r.lock] or (holder and holder ~= id and lives(read(redis.call("HGET", meta, holder))))
end

for i = 3, #ARGV do
  local id = ARGV[i]
  local r, state, key = read(redis.call("HGET", meta, id)) or blank(text(now)), place_of(FROM, id)
  local ended, word = state == "failed" or state == "cancelled", "enqueued"
  if not state then word = place_of(OTHER, id) or "gone"
  elseif from ~= "any" and from ~= state then word = state
  elseif not seen[id] and ended and locked(r, id) then word = "locked" end
  if word == "enqueued" and not seen[id] then
    plan[#plan + 1] = { id = id, r = r, key = key, ended = ended }
    if r.lock ~= "" then taken[r.lock] = id end
    seen[id] = true
  end
  out[#out + 1] = word
end

if #plan > 0 then touch(READY, { locks }) end
for _, job in ipairs(plan) do
  local r = job.r
  redis.call("ZREM", job.key, job.id)
  r.ready_at, r.finished = text(now), ""
  if job.ended then
    r.attempts, r.losses, r.token, requeued = 0, 0, "", requeued + 1
    if r.lock ~= "" then redis.call("HSET", locks, r.lock, job.id) end
  end
  redis.call("HSET", meta, job.id, line(r))
  redis.call("ZADD", READY[class_of(r.score)], r.score, job.id)
end
if requeued > 0 then send_counts(counters, { requeued = requeued }) end
if #plan > 0 then wake_one(wake) end
if #plan > 0 and hears(events) then tell(events, { "enqueued", each(plan, "id") }) end
return out
