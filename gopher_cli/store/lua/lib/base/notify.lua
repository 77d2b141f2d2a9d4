-- One worthless token is enough: whoever takes it fetches, and leaves another if more is left.
-- Notifying never stops the work: without a token workers look again within their poll interval.
local function notify_worker()
  if redis.pcall("LLEN", KEYS.wake) == 0 then redis.pcall("RPUSH", KEYS.wake, "1") end
end
