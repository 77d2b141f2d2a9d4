-- Jobs that are due stand in line: scheduled ones, and those that waited for their next attempt.
--
-- A job that cannot be read goes to the dead letter queue with its raw bytes, and is counted.
--
-- KEYS  scheduled retrying meta ready_high ready_normal ready_low failed errors cancels ticks counters wake events
-- ARGV  now limit
-- OUT   {now, moved, next_due or 0, cancels, next_tick or 0}; cancels is 1 when somebody asked to cancel a running job
--- @needs batch next_due notify now publish quarantine ready_classes record touch

local PLACES, moved, taken, corrupt = { KEYS.scheduled, KEYS.retrying }, 0, {}, {}
local lines = { batch("ZADD", KEYS.ready_high), batch("ZADD", KEYS.ready_normal), batch("ZADD", KEYS.ready_low) }

local function line_up(id, record)
  local r = read(record)
  if r then
    add(lines[class_of(r.score)], r.score, id)
  else
    corrupt[#corrupt + 1] = { id, record }
  end
end

for p, place in ipairs(PLACES) do
  local ids = redis.call("ZRANGEBYSCORE", place, "-inf", stamp, "LIMIT", 0, ARGV.limit - moved)
  local records = #ids > 0 and redis.call("HMGET", KEYS.meta, unpack(ids))
  for i, id in ipairs(ids) do line_up(id, records[i]) end
  taken[p], moved = ids, moved + #ids
end
look(lines)
if #corrupt > 0 then touch({ KEYS.failed }, { KEYS.errors }) end

for p, place in ipairs(PLACES) do
  if #taken[p] > 0 then redis.call("ZREM", place, unpack(taken[p])) end
end
send(lines)
for _, job in ipairs(corrupt) do quarantine(job[1], job[2]) end
if moved > #corrupt then notify_worker() end
if moved > 0 and is_watched() then publish({ "enqueued", ids_of(unpack(lines)), "failed", pluck(corrupt, 1) }) end

-- A key counts as often as it is named: where there is no schedule, ticks cost no command.
local there = redis.call("EXISTS", KEYS.cancels, KEYS.ticks, KEYS.ticks)
local tick = there >= 2 and redis.call("ZRANGE", KEYS.ticks, 0, 0, "WITHSCORES")[2] or "0"
return { stamp, moved, next_due(), there % 2, text(tonumber(tick)) }
