-- Settlements come in groups that share a token and an outcome, so that little is said per job:
-- "token;state;after;spent;lost;type", how many, and then id run_us data for each of them.
--- @needs batch
local GROUP = "^([^;]*);(%a+);(%-?%d+);(%d);(%d);(.*)$"

-- The groups, all ids in order, and where the arguments go on.
local function read_groups(first, count)
  local groups, ids, at = {}, {}, first
  while #ids < count do
    local token, state, after, spent, lost, kind = string.match(ARGV[at], GROUP)
    local size = tonumber(ARGV[at + 1])
    groups[#groups + 1] = {
      token = token, state = state, after = after, spent = spent, lost = lost, kind = kind,
      first = at + 2, size = size,
    }
    for i = at + 2, at + 3 * size - 1, 3 do ids[#ids + 1] = ARGV[i] end
    at = at + 2 + 3 * size
  end
  return groups, ids, at
end

-- The follow-ups of the attempts that are settled, for the outbox.
local function read_follow_ups(first, settled)
  local line = batch("HSET", KEYS.outbox)
  for i = first, #ARGV, 3 do
    if settled[ARGV[i]] then add(line, ARGV[i + 1], ARGV[i + 2]) end
  end
  return line
end
