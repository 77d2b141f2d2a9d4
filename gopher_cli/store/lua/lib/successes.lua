-- The last success of each expected type (lib/expected.lua) that has succeeded now, and whether anybody watches.
-- One look tells both, a key that is named twice counts twice. What stands there never stops the work.
local function successes(seen)
  local line = batch("HSET", KEYS.last_success)
  local there = redis.call("EXISTS", KEYS.events, KEYS.last_success, KEYS.last_success)
  local kinds = {}
  for kind, one in pairs(there > 1 and seen or {}) do
    if one.cell[1] > 0 then kinds[#kinds + 1] = kind end
  end
  local known = #kinds > 0 and redis.pcall("HMGET", KEYS.last_success, unpack(kinds)) or {}
  for i, kind in ipairs(kinds) do
    if known[i] then add(line, kind, stamp) end
  end
  return line, there % 2 == 1
end
