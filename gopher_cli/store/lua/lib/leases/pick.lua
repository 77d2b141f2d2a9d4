-- Who is served: from each class its quota, and then whoever stands first in the best class.
--
-- The quotas are numbers, and sum to `count` at most; all zero empties the higher class first. Where priorities are
-- mixed, a class may hold several.
--- @needs pick_by_age priority_levels ready_classes
local function pick(quotas, count, mixed)
  local taken, total = {}, 0
  for class, line in ipairs(READY) do
    local quota = math.min(quotas[class], count - total)
    taken[class] = quota > 0 and redis.call("ZRANGE", line, 0, quota - 1) or {}
    total = total + #taken[class]
  end
  local levels = mixed and mixed_levels(quotas, taken)
  if levels then return pick_by_age(quotas, count, levels) end
  for class, line in ipairs(READY) do
    if total < count then
      local more = redis.call("ZRANGE", line, #taken[class], #taken[class] + count - total - 1)
      for _, id in ipairs(more) do table.insert(taken[class], id) end
      total = total + #more
    end
  end
  return taken, total
end
