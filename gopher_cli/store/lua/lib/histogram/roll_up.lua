-- Once a minute: cells of old minutes become five minutes, old five minutes hours, and old hours the total of
-- their type. So all cells of a type together only grow, for ever; but where too many types have cells, those
-- of which nothing has ended for so long give their totals to "other". Marks of old batches go.
-- Freed first, for a full memory: a script is whole or not at all, so nothing is lost between the two.
--- @needs histogram now type_cells
local UNITS = {
  m = { minutes = 1, into = "f", keep = tonumber(ARGV.keep_minutes) },
  f = { minutes = 5, into = "h", keep = tonumber(ARGV.keep_fives) },
  h = { minutes = 60, into = "t", keep = tonumber(ARGV.keep_hours) },
}

-- In which cell of the next unit the one at `at` ends up; of totals there is one.
local function target_of(unit, at, kind)
  local next_unit = UNITS[unit.into]
  return unit.into .. text(next_unit and math.floor(at * unit.minutes / next_unit.minutes) or 0) .. ";" .. kind
end

local function merge_into(field, target)
  local stored = redis.call("HMGET", KEYS.cells, target, field)
  local cell = add_text(add_text(empty_cell(), stored[1]), stored[2])
  redis.call("HDEL", KEYS.cells, field)
  redis.call("HSET", KEYS.cells, target, cell_text(cell))
end

-- Totals that stand alone go, when there are as many types as may be; `totals` are the fields by type.
local function merge_idle_types(totals, young, most)
  local count, gone = 0, 0
  for kind in pairs(totals) do
    if kind ~= "other" then count = count + 1 end
  end
  local full = count >= MOST
  for kind, field in pairs(totals) do
    if full and gone < most and kind ~= "other" and not young[kind] then
      merge_into(field, "t0;other")
      gone = gone + 1
    end
  end
  if count > 0 then redis.call("HSET", KEYS.cells, "types", text(count - gone)) end
  return gone
end

-- Answers whether something is left because `most` was reached.
local function roll_up(most)
  local minute, folded, totals, young = math.floor(now / 60000), 0, {}, {}
  for _, field in ipairs(redis.call("HKEYS", KEYS.cells)) do
    local name, at, kind = string.match(field, "^(%a)(%d+);(.*)$")
    local unit = UNITS[name]
    if name == "t" then totals[kind] = field end
    if unit then young[kind] = true end
    if unit and folded < most and tonumber(at) < math.floor(minute / unit.minutes) - unit.keep then
      merge_into(field, target_of(unit, at, kind))
      folded = folded + 1
    end
  end
  return folded + merge_idle_types(totals, young, most - folded) >= most
end

-- Some at random: in the long run as many go as come, however many there are, and nothing has to be kept in
-- order of time. Answers whether so many of them were old that others are likely to be.
local function delete_old_marks(before, most)
  local marks, gone = redis.call("HRANDFIELD", KEYS.batches, most, "WITHVALUES") or {}, {}
  for i = 1, #marks, 2 do
    local written = tonumber(string.match(marks[i + 1], ";(%d+)$") or "0")
    if written < before then gone[#gone + 1] = marks[i] end
  end
  if #gone > 0 then redis.call("HDEL", KEYS.batches, unpack(gone)) end
  return #gone * 4 >= most
end
