-- Who is served: from each class its quota, and then whoever stands first in the best class.
local function pick(quotas, count)
  local taken, total = {}, 0
  for class, line in ipairs(READY) do
    local quota = math.min(tonumber(quotas[class]), count - total)
    taken[class] = quota > 0 and redis.call("ZRANGE", line, 0, quota - 1) or {}
    total = total + #taken[class]
  end
  for class, line in ipairs(READY) do
    if total < count then
      local more = redis.call("ZRANGE", line, #taken[class], #taken[class] + count - total - 1)
      for _, id in ipairs(more) do table.insert(taken[class], id) end
      total = total + #more
    end
  end
  return taken, total
end
