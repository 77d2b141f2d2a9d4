-- The part of `unhandled_line` that belongs to a type, by its number: its jobs by priority, and then by their turn.
--- @needs now
local function unhandled_range(number) return text(number * 11e12), "(" .. text((number + 1) * 11e12) end
