-- Pause or resume a queue: reserve.lua leases nothing from a paused one. Running jobs go on.
--
-- KEYS  conf wake events
-- ARGV  now paused
-- OUT   1 changed, 0 was so already
--- @include now
--- @include wake
--- @include tell

local conf, wake, events, changed, paused = KEYS[1], KEYS[2], KEYS[3], 0, ARGV[2] == "1"
if paused then
  changed = redis.call("HSETNX", conf, "paused", text(now_ms(ARGV[1])))
else
  changed = redis.call("HDEL", conf, "paused")
end
if changed == 1 and not paused then wake_one(wake) end
if changed == 1 and hears(events) then tell(events, { paused and "paused" or "resumed", { "" } }) end
return changed
