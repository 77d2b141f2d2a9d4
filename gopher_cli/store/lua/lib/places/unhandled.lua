-- Jobs of a type that the worker which took them does not know stand apart, so that it takes them no more:
-- `unhandled` has them by when the first such worker put them there, `unhandled_line` by type, priority and turn.
-- A type has its number in `unhandled_types` while such jobs are there; 500 types at most.
--- @needs batch now unhandled_range
local MOST_TYPES, AGAIN = 500, 60000

-- The numbers that are given, and the types of which nobody stands there any more.
local function numbers_in_use(apart)
  local given, idle, flat = {}, {}, redis.call("HGETALL", KEYS.unhandled_types)
  for i = 1, #flat, 2 do
    if apart.number[flat[i]] or redis.call("ZCOUNT", KEYS.unhandled_line, unhandled_range(flat[i + 1])) > 0 then
      given[tonumber(flat[i + 1])] = true
    else
      idle[#idle + 1], apart.dropped[flat[i]] = flat[i], true
    end
  end
  return given, idle
end

-- The number of a type, gathered where it is new; nil where too many have one.
local function type_number(to, kind)
  local apart = to.apart
  local known = not apart.dropped[kind] and redis.call("HGET", KEYS.unhandled_types, kind)
  local number = apart.number[kind] or tonumber(known or nil)
  apart.number[kind] = number
  if number then return number end
  if not apart.given then apart.given, apart.idle = numbers_in_use(apart) end
  for free = 0, MOST_TYPES - 1 do
    if not apart.given[free] then
      apart.given[free], apart.number[kind] = true, free
      add(to.lines.unhandled_types, kind, free)
      return free
    end
  end
end

-- Answers where it stands then; `after` is for how long (ms) it has stood there before.
local function add_unhandled(to, id, r, kind, after)
  local lines = to.lines
  if not to.apart then
    to.apart, lines.unhandled_types = { number = {}, idle = {}, dropped = {} }, batch("HSET", KEYS.unhandled_types)
    lines.unhandled, lines.unhandled_line = batch("ZADD", KEYS.unhandled), batch("ZADD", KEYS.unhandled_line)
  end
  local number = type_number(to, kind)
  if not number then
    r.ready_at = text(now + AGAIN)
    add(lines.scheduled, r.ready_at, id)
    return
  end
  local level = math.floor(r.score / 1e13)
  add(lines.unhandled, text(now - after), id)
  add(lines.unhandled_line, text(number * 11e12 + level * 1e12 + math.min(r.score % 1e13, 1e12 - 1)), id)
end
