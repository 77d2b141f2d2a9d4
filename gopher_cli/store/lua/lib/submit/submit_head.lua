-- What a submitter asks for, "priority;due;delay;lock;lock_for;once;after,after", as values.
-- `once` is "ms,name": for so long a request of this name is stored once.
--- @needs now ready_classes
local HEAD = "^(%d+);(%-?%d*);(%-?%d*);([^;]*);(%d*);([^;]*);(.*)$"

-- Whether somebody asks for another priority than the words high (8), normal and low stand for.
local mixed = false

local function read_head(head)
  local priority, due, delay, lock, lock_for, once, after = string.match(head, HEAD)
  mixed = mixed or priority % 3 ~= 2
  local at = due ~= "" and tonumber(due) or delay ~= "" and now + delay or 0
  local base = (10 - priority) * 1e13
  return {
    base = base, class = class_of(base), due = at > now and text(at) or "",
    lock = lock, lock_for = lock_for, once = once, after = after, parents = {},
  }
end
