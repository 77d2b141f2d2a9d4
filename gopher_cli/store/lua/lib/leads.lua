-- Whether one of these (a batch of ZADD) stands first in its place now: who sleeps has counted on a later one.
--- @needs batch
local function leads(one)
  local first = any(one) and redis.call("ZRANGE", one[2], 0, 0)[1]
  for i = 4, first and #one or 0, 2 do
    if one[i] == first then return true end
  end
  return false
end
