-- How a queue stands: sizes of its places, how long the jobs of each class wait, its counters.
--
-- KEYS  ready_high ready_normal ready_low scheduled retrying blocked running completed failed cancelled meta conf
--       counters outbox
-- ARGV  now
-- OUT   {now, paused since or "", {size of each place}, {since when the first to be ready waits, per class, or ""},
--       {counter, value, ...}, outbox}
--- @include now
--- @include record
--- @include places
--- @include ready_since
--- @include oldest

local sizes, oldest = {}, {}
for p, place in ipairs(PLACES) do sizes[p] = redis.call("ZCARD", place) end
for p = 1, LAST_READY do
  local since = oldest_of(PLACES[p])
  oldest[p] = since < math.huge and text(since) or ""
end
local paused, told = redis.call("HGET", KEYS.conf, "paused") or "", redis.call("HGETALL", KEYS.counters)
return { stamp, paused, sizes, oldest, told, redis.call("HLEN", KEYS.outbox) }
