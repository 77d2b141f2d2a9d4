-- Jobs run again now: from the dead letter queue with their attempts reset, or ahead of their time.
--
-- KEYS  ready_high ready_normal ready_low failed retrying scheduled blocked cancelled completed running unhandled
--       meta locks lock_ends counters wake events
-- ARGV  now from ...
-- ...   id; `from` is a state, or any
-- OUT   {now, word, ...}: for each id enqueued, again (it is already), locked (its unique key is held), gone,
--       or the state that forbids it
--- @needs counters is_locked notify now place_of publish ready_classes record touch

local FROM = {
  { "failed", KEYS.failed }, { "retrying", KEYS.retrying }, { "scheduled", KEYS.scheduled },
  { "blocked", KEYS.blocked }, { "cancelled", KEYS.cancelled },
}
local OTHER = {
  { "again", KEYS.ready_high }, { "again", KEYS.ready_normal }, { "again", KEYS.ready_low },
  { "again", KEYS.unhandled },
  { "completed", KEYS.completed }, { "processing", KEYS.running },
}
local out, plan, taken, seen, requeued = { stamp }, {}, {}, {}, 0

local function plan_for(id, r, key, ended)
  plan[#plan + 1] = { id = id, r = r, key = key, ended = ended }
  if r.lock ~= "" then taken[r.lock] = id end
  seen[id] = true
end

-- One that has not ended holds its unique key already.
local function judge(id)
  local state, key = place_of(FROM, id)
  if not state then return place_of(OTHER, id) or "gone" end
  if ARGV.from ~= "any" and ARGV.from ~= state then return state end
  if seen[id] then return "enqueued" end
  local r = read(redis.call("HGET", KEYS.meta, id)) or blank()
  local ended = state == "failed" or state == "cancelled"
  if ended and is_locked(r, id, taken) then return "locked" end
  plan_for(id, r, key, ended)
  return "enqueued"
end

for i = 3, #ARGV do out[#out + 1] = judge(ARGV[i]) end
if #plan == 0 then return out end
touch(READY, { KEYS.locks })

local function run_again(job)
  local r = job.r
  redis.call("ZREM", job.key, job.id)
  r.ready_at, r.finished = stamp, ""
  if job.ended then
    r.attempts, r.losses, r.token, requeued = 0, 0, "", requeued + 1
    if r.lock ~= "" then redis.call("HSET", KEYS.locks, r.lock, job.id) end
  end
  redis.call("HSET", KEYS.meta, job.id, line(r))
  redis.call("ZADD", READY[class_of(r.score)], r.score, job.id)
end

for _, job in ipairs(plan) do run_again(job) end
if requeued > 0 then send_counts({ requeued = requeued }) end
notify_worker()
if is_watched() then publish({ "enqueued", pluck(plan, "id") }) end
return out
