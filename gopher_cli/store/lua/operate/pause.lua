-- Pause or resume a queue: reserve.lua leases nothing from a paused one. Running jobs go on.
--
-- KEYS  conf wake events
-- ARGV  now paused
-- OUT   1 changed, 0 was so already
--- @needs notify now publish

local pausing = ARGV.paused == "1"
local changed = (redis.call("HEXISTS", KEYS.conf, "paused") == 1) ~= pausing
if not changed then return 0 end

-- Removed, then added: a full memory refuses a first write that adds, and that is when a brake is wanted.
redis.call("HDEL", KEYS.conf, "paused")
if pausing then redis.call("HSET", KEYS.conf, "paused", stamp) else notify_worker() end
if is_watched() then publish({ pausing and "paused" or "resumed", { "" } }) end
return 1
