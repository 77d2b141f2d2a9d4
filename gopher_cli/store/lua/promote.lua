-- Jobs that are due stand in line: scheduled ones, and those that waited for their next attempt.
--
-- KEYS  scheduled retrying meta ready_high ready_normal ready_low cancels wake
-- ARGV  now limit
-- OUT   {now, moved, next_due or 0, cancels}; cancels is 1 when somebody asked to cancel a running job
--- @include now
--- @include record
--- @include batch
--- @include classes
--- @include wake

local PLACES, meta = { KEYS[1], KEYS[2] }, KEYS[3]
local READY, cancels, wake = { KEYS[4], KEYS[5], KEYS[6] }, KEYS[7], KEYS[8]
local now, limit = now_ms(ARGV[1]), tonumber(ARGV[2])

local metas, moved, next_due = batch("HSET", meta), 0, nil
local lines = { batch("ZADD", READY[1]), batch("ZADD", READY[2]), batch("ZADD", READY[3]) }
local taken = {}
for p, place in ipairs(PLACES) do
  local due = redis.call("ZRANGEBYSCORE", place, "-inf", text(now), "WITHSCORES", "LIMIT", 0, limit - moved)
  taken[p] = {}
  for i = 1, #due, 2 do
    local r = read(redis.call("HGET", meta, due[i]))
    if r then
      r.ready_at = due[i + 1]
      table.insert(taken[p], due[i])
      metas.add(due[i], line(r))
      lines[class_of(r.score)].add(r.score, due[i])
      moved = moved + 1
    end
  end
end

for p, place in ipairs(PLACES) do
  if #taken[p] > 0 then redis.call("ZREM", place, unpack(taken[p])) end
  local first = redis.call("ZRANGE", place, 0, 0, "WITHSCORES")[2]
  if first and (not next_due or tonumber(first) < next_due) then next_due = tonumber(first) end
end
metas.send()
for _, ready in ipairs(lines) do ready.send() end
if moved > 0 then wake_one(wake) end
return { text(now), moved, next_due and text(next_due) or "0", redis.call("EXISTS", cancels) }
