-- Who is served where a class has several priorities. Its quota goes to the highest that waits in it. The lower ones
-- share the quotas of the classes below, where whoever came first is served; in the lowest class all do. So nobody
-- below the highest of his class is overtaken by a lower priority that came later, and nobody starves.
--- @needs now ready_classes
local function pick_by_age(quotas, count, levels)
  local taken, scores, total = { {}, {}, {} }, {}, 0

  local function take(class, id, score)
    if total == count or scores[id] then return false end
    scores[id], total = tonumber(score), total + 1
    table.insert(taken[class], id)
    return true
  end

  -- Adds the first jobs of each of these levels.
  local function gather(found, class, from, to, most)
    for level = from, to do
      local range = redis.call("ZRANGEBYSCORE", READY[class], text(level * 1e13), "(" .. text((level + 1) * 1e13),
        "WITHSCORES", "LIMIT", 0, most + #taken[class])
      for i = 1, #range, 2 do found[#found + 1] = { id = range[i], class = class, score = range[i + 1] } end
    end
  end

  local function serve_by_age(class, quota)
    local found = {}
    for better = 1, class - 1 do
      local at = levels[better]
      if at then gather(found, better, at.highest + 1, at.lowest, quota) end
    end
    local own = levels[class]
    if own then gather(found, class, own.highest, class == 3 and own.lowest or own.highest, quota) end
    table.sort(found, function(a, b) return a.score % 1e13 < b.score % 1e13 end)
    for _, job in ipairs(found) do
      if quota > 0 and take(job.class, job.id, job.score) then quota = quota - 1 end
    end
  end

  local function serve_the_best(class, most)
    local line = most > 0 and redis.call("ZRANGE", READY[class], 0, #taken[class] + most - 1, "WITHSCORES") or {}
    for i = 1, #line, 2 do
      if most > 0 and take(class, line[i], line[i + 1]) then most = most - 1 end
    end
  end

  serve_by_age(3, quotas[3])
  if levels[2] then serve_by_age(2, quotas[2]) end
  serve_the_best(1, quotas[1])
  for class = 1, 3 do serve_the_best(class, count - total) end
  for _, ids in ipairs(taken) do
    table.sort(ids, function(a, b) return scores[a] < scores[b] end)
  end
  return taken, total
end
