-- Which types have cells of their own: the first 500, known by their totals. The others share those of "other",
-- because types whose names are ids would fill the hash for ever. The field `types` counts them.
--- @needs histogram now
local MOST = 500

local function has_own_cells(kind)
  if redis.pcall("HEXISTS", KEYS.cells, "t0;" .. kind) == 1 then return true end
  local types = redis.pcall("HGET", KEYS.cells, "types")
  types = type(types) == "string" and tonumber(types) or 0
  if types >= MOST then return false end
  redis.pcall("HSET", KEYS.cells, "types", text(types + 1), "t0;" .. kind, cell_text(empty_cell()))
  return true
end
