-- Ended attempts are counted first, a cell for each type, and added to this minute's cells at the end.
-- Counting never stops the work: cells of a foreign type are let be.
--- @needs histogram now type_cells
local COLUMN = { completed = 1, retrying = 2, failed = 3 }

local function observe(seen, kind, state, run_us, wait)
  local cell = seen[kind]
  if not cell then
    cell = { cell = empty_cell(), run = 1, wait = 1 }
    seen[kind] = cell
  end
  local numbers, column = cell.cell, COLUMN[state]
  cell.run, cell.wait = bucket(run_us / 1e6, cell.run), bucket(wait / 1000, cell.wait)
  numbers[column] = numbers[column] + 1
  numbers[4], numbers[5] = numbers[4] + run_us / 1000, numbers[5] + wait
  numbers[5 + cell.run], numbers[29 + cell.wait] = numbers[5 + cell.run] + 1, numbers[29 + cell.wait] + 1
  if column > 1 then
    numbers[54], numbers[54 + cell.run] = numbers[54] + run_us / 1000, numbers[54 + cell.run] + 1
  end
end

local function store_cell(field, stored, new)
  local whole = add_text(new, type(stored) == "string" and stored or "")
  redis.pcall("HSET", KEYS.cells, field, cell_text(whole))
end

local function store_observed(seen)
  local minute = "m" .. text(math.floor(now / 60000)) .. ";"
  for kind, new in pairs(seen) do
    local field = minute .. kind
    local stored = redis.pcall("HGET", KEYS.cells, field)
    if not stored and not has_own_cells(kind) then
      field = minute .. "other"
      stored = redis.pcall("HGET", KEYS.cells, field)
    end
    store_cell(field, stored, new.cell)
  end
end
