-- The history of a job: one line "<ms> <json>" per event, the oldest dropped past the limit (bytes).
local function append(history, addition, limit)
  local whole = (history or "") .. addition
  if #whole <= limit then return whole end
  whole = string.sub(whole, -limit)
  return string.sub(whole, (string.find(whole, "\n", 1, true) or 0) + 1)
end
