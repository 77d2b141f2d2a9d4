-- How a queue stands: sizes of its places, its oldest waiting job per class, its counters.
--
-- KEYS  ready_high ready_normal ready_low scheduled retrying blocked running completed failed cancelled meta conf
--       counters outbox
-- ARGV  now
-- OUT   {now, paused since or "", {size of each place}, {meta of the oldest per class or ""},
--       {counter, value, ...}, outbox}
--- @include now
--- @include places

local sizes, oldest = {}, {}
for p, place in ipairs(PLACES) do sizes[p] = redis.call("ZCARD", place) end
for p = 1, LAST_READY do
  local first = redis.call("ZRANGE", PLACES[p], 0, 0)[1]
  oldest[p] = first and redis.call("HGET", KEYS.meta, first) or ""
end
local paused, told = redis.call("HGET", KEYS.conf, "paused") or "", redis.call("HGETALL", KEYS.counters)
return { stamp, paused, sizes, oldest, told, redis.call("HLEN", KEYS.outbox) }
