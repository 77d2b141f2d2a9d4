-- Jobs that are due stand in line: scheduled ones, and those that waited for their next attempt.
--
-- A job that cannot be read goes to the dead letter queue with its raw bytes, and is counted.
--
-- KEYS  scheduled retrying meta ready_high ready_normal ready_low failed errors cancels counters wake events
-- ARGV  now limit
-- OUT   {now, moved, next_due or 0, cancels}; cancels is 1 when somebody asked to cancel a running job
--- @include now
--- @include record
--- @include append
--- @include batch
--- @include touch
--- @include classes
--- @include due
--- @include quarantine
--- @include wake
--- @include tell

local PLACES, meta = { KEYS[1], KEYS[2] }, KEYS[3]
local failed, errors, cancels, counters, wake, events = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12]
local now, limit = now_ms(ARGV[1]), tonumber(ARGV[2])

local moved, taken, corrupt = 0, {}, {}
local lines = { batch("ZADD", KEYS[4]), batch("ZADD", KEYS[5]), batch("ZADD", KEYS[6]) }
for p, place in ipairs(PLACES) do
  local ids = redis.call("ZRANGEBYSCORE", place, "-inf", text(now), "LIMIT", 0, limit - moved)
  local records = #ids > 0 and redis.call("HMGET", meta, unpack(ids))
  for i, id in ipairs(ids) do
    local r = read(records[i])
    if r then
      add(lines[class_of(r.score)], r.score, id)
    else
      corrupt[#corrupt + 1] = { id, records[i] }
    end
  end
  taken[p], moved = ids, moved + #ids
end
look(lines)
if #corrupt > 0 then touch({ failed }, { errors }) end

for p, place in ipairs(PLACES) do
  if #taken[p] > 0 then redis.call("ZREM", place, unpack(taken[p])) end
end
send(lines)
local keys = { meta = meta, errors = errors, failed = failed, counters = counters }
for _, job in ipairs(corrupt) do quarantine(job[1], job[2], now, keys) end
if moved > #corrupt then wake_one(wake) end
if moved > 0 and hears(events) then tell(events, { "enqueued", ids_of(unpack(lines)), "failed", each(corrupt, 1) }) end
return { text(now), moved, next_due(PLACES), redis.call("EXISTS", cancels) }
