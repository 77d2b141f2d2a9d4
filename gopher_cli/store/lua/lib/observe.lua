-- Count ended attempts into the cell of this minute, one read and one write per type.
-- Counting never stops the work: cells of a foreign type are let be.
local COLUMN = { completed = 1, retrying = 2, failed = 3 }

local function observe(cells, now, seen)
  local minute = text(math.floor(now / 60000))
  for kind, attempts in pairs(seen) do
    local field = "m" .. minute .. ";" .. kind
    local stored = redis.pcall("HGET", cells, field)
    local cell = add_text(empty_cell(), type(stored) == "string" and stored or "")
    for _, attempt in ipairs(attempts) do
      local column = COLUMN[attempt.state]
      cell[column] = cell[column] + 1
      cell[4] = cell[4] + math.floor(attempt.run_us / 1000)
      cell[5] = cell[5] + attempt.wait
      local run, wait = 5 + bucket(attempt.run_us / 1e6), 29 + bucket(attempt.wait / 1000)
      cell[run] = cell[run] + 1
      cell[wait] = cell[wait] + 1
    end
    redis.pcall("HSET", cells, field, table.concat(cell, ","))
  end
end
