-- Pause or resume a queue: reserve.lua leases nothing from a paused one. Running jobs go on.
--
-- KEYS  conf wake
-- ARGV  now paused
-- OUT   1 changed, 0 was so already
--- @include now
--- @include wake

local conf, wake = KEYS[1], KEYS[2]
if ARGV[2] == "1" then return redis.call("HSETNX", conf, "paused", text(now_ms(ARGV[1]))) end
local changed = redis.call("HDEL", conf, "paused")
if changed == 1 then wake_one(wake) end
return changed
