-- The history of a job: one line "<ms> <json>" per event, the oldest dropped past the limit (bytes). The
-- newest, which is one line, always stays.
local function append_history(history, addition, limit)
  local whole = (history or "") .. addition
  if #whole <= limit then return whole end
  local line = string.find(whole, "\n", #whole - limit, true) or 0
  return string.sub(whole, math.min(line, #whole - #addition) + 1)
end
