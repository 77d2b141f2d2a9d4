-- Who is served: from each class its quota, and then whoever stands first in the best class.
local function pick(ready, quotas, count)
  local taken, total = {}, 0
  for class = 1, 3 do
    local quota = math.min(tonumber(quotas[class]), count - total)
    taken[class] = quota > 0 and redis.call("ZRANGE", ready[class], 0, quota - 1) or {}
    total = total + #taken[class]
  end
  for class = 1, 3 do
    if total < count then
      local more = redis.call("ZRANGE", ready[class], #taken[class], #taken[class] + count - total - 1)
      for _, id in ipairs(more) do table.insert(taken[class], id) end
      total = total + #more
    end
  end
  return taken, total
end
