-- How a queue stands: sizes of its places, its oldest waiting job per class, its counters.
--
-- KEYS  ready_high ready_normal ready_low scheduled retrying blocked running completed failed cancelled meta conf counters outbox
-- ARGV  now
-- OUT   {now, paused since or "", {size of each place}, {meta of the oldest per class or ""}, {counter, value, ...}, outbox}
--- @include now

local now, sizes, oldest = now_ms(ARGV[1]), {}, {}
for i = 1, 10 do sizes[i] = redis.call("ZCARD", KEYS[i]) end
for i = 1, 3 do
  local first = redis.call("ZRANGE", KEYS[i], 0, 0)[1]
  oldest[i] = first and redis.call("HGET", KEYS[11], first) or ""
end
return {
  text(now), redis.call("HGET", KEYS[12], "paused") or "", sizes, oldest,
  redis.call("HGETALL", KEYS[13]), redis.call("HLEN", KEYS[14]),
}
