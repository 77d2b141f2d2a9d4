-- Whether writes of these (a batch of ZADD) stands first in its place now: who sleeps has counted on a later writes.
--- @needs batch
local function is_first(writes)
  local first = any(writes) and redis.call("ZRANGE", writes[2], 0, 0)[1]
  for i = 4, first and #writes or 0, 2 do
    if writes[i] == first then return true end
  end
  return false
end
