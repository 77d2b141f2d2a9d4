-- Pause or resume a queue: reserve.lua leases nothing from a paused one. Running jobs go on.
--
-- KEYS  conf wake events
-- ARGV  now paused
-- OUT   1 changed, 0 was so already
--- @include now
--- @include wake
--- @include tell

local changed, pausing = 0, ARGV.paused == "1"
if pausing then
  changed = redis.call("HSETNX", KEYS.conf, "paused", stamp)
else
  changed = redis.call("HDEL", KEYS.conf, "paused")
end
if changed == 1 and not pausing then wake_one() end
if changed == 1 and is_watched() then tell({ pausing and "paused" or "resumed", { "" } }) end
return changed
