-- One worthless token is enough: whoever takes it fetches, and leaves another if more is left.
local function wake_one(wake)
  if redis.call("LLEN", wake) == 0 then redis.call("RPUSH", wake, "1") end
end
