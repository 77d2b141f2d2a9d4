-- All that is expected of a queue, and when jobs of those types have succeeded.
--
-- KEYS  expects last_success
-- ARGV  now
-- OUT   {now, {name, line, ...}, {type, last success, ...}}; lines and times as in lib/expects/expected.lua
--- @needs now

return { stamp, redis.call("HGETALL", KEYS.expects), redis.call("HGETALL", KEYS.last_success) }
