-- How a queue stands: sizes of its places, how long the jobs of each class wait, its counters.
--
-- KEYS  ready_high ready_normal ready_low scheduled retrying blocked running completed failed cancelled unhandled
--       unhandled_line unhandled_types meta conf counters outbox
-- ARGV  now
-- OUT   {now, paused since or "", {size of each place}, {since when the first to be ready waits, per class, or ""},
--       {counter, value, ...}, outbox, {type without a handler, jobs, since when, ...}}
--- @needs now oldest places unhandled_range

local sizes, oldest, apart = {}, {}, oldest_unhandled()
for p, place in ipairs(PLACES) do sizes[p] = redis.call("ZCARD", place) end
for p = 1, LAST_READY do
  local since = math.min(oldest_in(PLACES[p]), apart[p])
  oldest[p] = since < math.huge and text(since) or ""
end
local paused, counters = redis.call("HGET", KEYS.conf, "paused") or "", redis.call("HGETALL", KEYS.counters)

local unhandled, types = {}, sizes[UNHANDLED] > 0 and redis.call("HGETALL", KEYS.unhandled_types) or {}
for i = 1, #types, 2 do
  local from, to = unhandled_range(types[i + 1])
  local first = redis.call("ZRANGEBYSCORE", KEYS.unhandled_line, from, to, "LIMIT", 0, 1)[1]
  local since = first and redis.call("ZSCORE", KEYS.unhandled, first)
  local number = #unhandled
  if since then
    unhandled[number + 1], unhandled[number + 2] = types[i], redis.call("ZCOUNT", KEYS.unhandled_line, from, to)
    unhandled[number + 3] = since
  end
end
return { stamp, paused, sizes, oldest, counters, redis.call("HLEN", KEYS.outbox), unhandled }
