-- Schedules whose jobs complete remember when (lib/schedules/schedule_state.lua): nobody else knows it once these
-- jobs are gone. Ids tell whose they are.
--- @needs batch now
local PARTS = "^(%d+;%d+;%d+;%d*;[^;\n]*;)%d*(;.*)$"

local function completed_runs(ids)
  local line, names, seen = batch("HSET", KEYS.runs), {}, {}
  for _, id in ipairs(ids) do
    local name = string.match(id, "^([%w_.-]+):")
    if name and not seen[name] then names[#names + 1], seen[name] = name, true end
  end
  local states = #names > 0 and redis.pcall("HMGET", KEYS.runs, unpack(names)) or {}
  for i, name in ipairs(names) do
    local before, behind = string.match(states[i] or "", PARTS)
    if before then add(line, name, before .. stamp .. behind) end
  end
  return line
end
