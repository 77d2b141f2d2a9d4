-- A worker says that it lives, and what it is doing: also where memory is full, so removed first, then added.
--
-- KEYS  workers beats
-- ARGV  now worker about
-- OUT   {now}
--- @include now
--- @include touch

touch({ KEYS.beats }, { KEYS.workers })
redis.call("HDEL", KEYS.workers, ARGV.worker)
redis.call("HSET", KEYS.workers, ARGV.worker, ARGV.about)
redis.call("ZREM", KEYS.beats, ARGV.worker)
redis.call("ZADD", KEYS.beats, stamp, ARGV.worker)
return { stamp }
