-- Once a minute: cells of old minutes become five minutes, old five minutes hours, and old hours the total of
-- their type. So all cells of a type together only grow, for ever. Marks of old batches go.
-- Freed first, for a full memory: a script is whole or not at all, so nothing is lost between the two.
local UNITS = { m = { minutes = 1, into = "f" }, f = { minutes = 5, into = "h" }, h = { minutes = 60, into = "t" } }

-- In which cell of the next unit the one at `at` ends up; of totals there is one.
local function target_of(unit, at, kind)
  local next_unit = UNITS[unit.into]
  return unit.into .. text(next_unit and math.floor(at * unit.minutes / next_unit.minutes) or 0) .. ";" .. kind
end

-- `keep` is how many of each unit stay. Answers whether something is left because `limit` was reached.
local function fold(cells, minute, limit, keep)
  local folded = 0
  for _, field in ipairs(redis.call("HKEYS", cells)) do
    local name, at, kind = string.match(field, "^(%a)(%d+);(.*)$")
    local unit = UNITS[name]
    if unit and folded < limit and tonumber(at) < math.floor(minute / unit.minutes) - keep[name] then
      local target = target_of(unit, at, kind)
      local stored = redis.call("HMGET", cells, target, field)
      local cell = add_text(add_text(empty_cell(), stored[1]), stored[2])
      redis.call("HDEL", cells, field)
      redis.call("HSET", cells, target, cell_text(cell))
      folded = folded + 1
    end
  end
  return folded >= limit
end

local function drop_marks(batches, before)
  local marks = redis.call("HGETALL", batches)
  for i = 1, #marks, 2 do
    local written = tonumber(string.match(marks[i + 1], ";(%d+)$") or "0")
    if written < before then redis.call("HDEL", batches, marks[i]) end
  end
end
