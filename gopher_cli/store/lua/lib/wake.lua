-- One worthless token is enough: whoever takes it fetches, and leaves another if more is left.
-- Waking never stops the work: without a token workers look again within their poll interval.
local function wake_one()
  if redis.pcall("LLEN", KEYS.wake) == 0 then redis.pcall("RPUSH", KEYS.wake, "1") end
end
