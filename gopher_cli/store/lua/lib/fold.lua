-- Once a minute: cells of old minutes become hours, old hours go, and marks of old batches.
-- Answers whether something is left for the next call, because `limit` was reached.
local function fold(cells, minute, limit, keep_minutes, keep_hours)
  local hour, folded, old = math.floor(minute / 60), 0, {}
  for _, field in ipairs(redis.call("HKEYS", cells)) do
    local unit, at, kind = string.match(field, "^(%a)(%d+);(.*)$")
    if unit == "m" and tonumber(at) < minute - keep_minutes and folded < limit then
      local target = "h" .. text(math.floor(at / 60)) .. ";" .. kind
      local stored = redis.call("HMGET", cells, target, field)
      local cell = add_text(add_text(empty_cell(), stored[1] or ""), stored[2])
      redis.call("HDEL", cells, field)
      redis.call("HSET", cells, target, table.concat(cell, ","))
      folded = folded + 1
    elseif unit == "h" and tonumber(at) < hour - keep_hours then
      old[#old + 1] = field
    end
  end
  for _, field in ipairs(old) do redis.call("HDEL", cells, field) end
  return folded >= limit
end

local function drop_marks(batches, before)
  local marks = redis.call("HGETALL", batches)
  for i = 1, #marks, 2 do
    local written = tonumber(string.match(marks[i + 1], ";(%d+)$") or "0")
    if written < before then redis.call("HDEL", batches, marks[i]) end
  end
end
