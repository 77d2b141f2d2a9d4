-- A worker says that it lives, and what it is doing: also where memory is full, so removed first, then added.
-- It hears what an operator wants of it, until it says that it has heeded that.
--
-- KEYS  workers beats orders
-- ARGV  now worker about heeded
-- OUT   {now, order}
--- @needs now touch

touch({ KEYS.beats }, { KEYS.workers })
local order = redis.call("HGET", KEYS.orders, ARGV.worker) or ""
redis.call("HDEL", KEYS.workers, ARGV.worker)
redis.call("HSET", KEYS.workers, ARGV.worker, ARGV.about)
redis.call("ZREM", KEYS.beats, ARGV.worker)
redis.call("ZADD", KEYS.beats, stamp, ARGV.worker)
if order ~= "" and order == ARGV.heeded then
  redis.call("HDEL", KEYS.orders, ARGV.worker)
  order = ""
end
return { stamp, order }
