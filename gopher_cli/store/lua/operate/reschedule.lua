-- Jobs that wait for their moment, or for their next attempt, get another one.
--
-- A moment that is over is this one: who looks next lets them stand in line.
--
-- KEYS  scheduled retrying blocked failed cancelled completed running ready_high ready_normal ready_low unhandled
--       meta wake events
-- ARGV  now due delay ...
-- ...   id; of `due` and `delay`, in ms, one is empty
-- OUT   {now, word, ...}: for each id rescheduled, gone, or the state that forbids it
--- @needs notify now place_of publish record

local FROM = { { "scheduled", KEYS.scheduled }, { "retrying", KEYS.retrying } }
local OTHER = {
  { "blocked", KEYS.blocked }, { "failed", KEYS.failed }, { "cancelled", KEYS.cancelled },
  { "completed", KEYS.completed }, { "processing", KEYS.running }, { "enqueued", KEYS.ready_high },
  { "enqueued", KEYS.ready_normal }, { "enqueued", KEYS.ready_low }, { "enqueued", KEYS.unhandled },
}
local at = text(math.max(now, ARGV.due ~= "" and tonumber(ARGV.due) or now + ARGV.delay))
local out, plan, moved = { stamp }, {}, { scheduled = {}, retrying = {} }

-- What cannot be read is left for who finds it when it is due.
local function plan_for(id, state, key)
  local r = read(redis.call("HGET", KEYS.meta, id))
  if r then r.ready_at = at end
  plan[#plan + 1] = { id = id, key = key, record = r and line(r) }
  table.insert(moved[state], id)
end

for i = 4, #ARGV do
  local state, key = place_of(FROM, ARGV[i])
  if state then plan_for(ARGV[i], state, key) end
  out[#out + 1] = state and "rescheduled" or place_of(OTHER, ARGV[i]) or "gone"
end

for _, job in ipairs(plan) do
  redis.call("ZREM", job.key, job.id)
  redis.call("ZADD", job.key, at, job.id)
  if job.record then redis.call("HSET", KEYS.meta, job.id, job.record) end
end
if #plan > 0 then notify_worker() end  -- who sleeps has counted on another time
if #plan > 0 and is_watched() then publish({ "scheduled", moved.scheduled, "retrying", moved.retrying }) end
return out
