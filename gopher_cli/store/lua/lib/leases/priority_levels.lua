-- The levels by class (0 is priority 10), where one of them has several and the quota of a class below is to be
-- shared; else nil.
--- @needs ready_classes
local function mixed_levels(quotas, taken)
  local levels, several = {}, false

  local function look_at(class)
    local line = READY[class]
    local last = redis.call("ZRANGE", line, -1, -1, "WITHSCORES")[2]
    if not last then return end
    local first = redis.call("ZRANGE", line, 0, 0, "WITHSCORES")[2]
    levels[class] = { highest = math.floor(first / 1e13), lowest = math.floor(last / 1e13) }
    several = several or levels[class].lowest > levels[class].highest
  end

  for class = 1, quotas[3] > 0 and 3 or #taken[2] > 0 and 1 or 0 do
    if #taken[class] > 0 or quotas[class] == 0 then look_at(class) end
  end
  if several and not levels[2] then look_at(2) end
  return several and levels or nil
end
