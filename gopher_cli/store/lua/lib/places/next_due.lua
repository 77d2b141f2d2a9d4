-- When the next job falls due, as text in ms; "0" when none waits for its time.
--- @needs now
local function next_due()
  local due
  for _, place in ipairs({ KEYS.scheduled, KEYS.retrying }) do
    local first = redis.call("ZRANGE", place, 0, 0, "WITHSCORES")[2]
    if first and (not due or tonumber(first) < due) then due = tonumber(first) end
  end
  return due and text(due) or "0"
end
