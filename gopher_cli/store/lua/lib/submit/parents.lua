-- The jobs that a job must wait for, and what they know of those that wait for them.
--- @needs batch

-- `taken` knows the jobs of this very call; `children` gets what `waiters` says of each parent. A parent that this
-- queue does not know is `missing`.
local function find_parents(head, taken, children)
  local seen = {}
  for parent in string.gmatch(head.after, "[^,]+") do
    local waits = taken[parent]
    if not waits then
      local known = redis.call("HEXISTS", KEYS.meta, parent) == 1
      waits = known and not redis.call("ZSCORE", KEYS.completed, parent)
      if not (known or head.siblings and head.siblings[parent]) then head.missing = head.missing or parent end
    end
    if waits and not seen[parent] then
      seen[parent], head.parents[#head.parents + 1] = true, parent
      children[parent] = children[parent] or redis.call("HGET", KEYS.waiters, parent) or ""
    end
  end
end

local function add_children(to, children)
  for parent, whole in pairs(children) do
    if whole ~= "" then add(to.waiters, parent, whole) end
  end
end
