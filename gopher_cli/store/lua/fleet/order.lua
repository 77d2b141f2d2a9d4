-- Tell a worker what an operator wants of it; it hears that with its next beat. Also where memory is full.
--
-- KEYS  orders workers
-- ARGV  now worker order
-- OUT   1 given, 0 no such worker
--- @needs now touch

touch({}, { KEYS.orders })
if redis.call("HEXISTS", KEYS.workers, ARGV.worker) == 0 then return 0 end
redis.call("HDEL", KEYS.orders, ARGV.worker)
redis.call("HSET", KEYS.orders, ARGV.worker, stamp .. " " .. ARGV.order)
return 1
