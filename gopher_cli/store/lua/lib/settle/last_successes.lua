-- The last success of each expected type (lib/expects/expected.lua) that has succeeded now, what schedules remember of
-- jobs that are done, and whether anybody watches. One look tells where there is anything: a key that is named
-- twice counts twice. What stands there never stops the work.
--- @needs batch completed_runs now
local function last_successes(seen, done)
  local line, success, runs = batch("HSET", KEYS.last_success), KEYS.last_success, KEYS.runs
  local there = redis.call("EXISTS", KEYS.events, success, success, runs, runs, runs, runs)
  local kinds = {}
  for kind, observed in pairs(there % 4 > 1 and seen or {}) do
    if observed.cell[1] > 0 then kinds[#kinds + 1] = kind end
  end
  local known = #kinds > 0 and redis.pcall("HMGET", KEYS.last_success, unpack(kinds)) or {}
  for i, kind in ipairs(kinds) do
    if known[i] then add(line, kind, stamp) end
  end
  return line, completed_runs(there > 3 and done or {}), there % 2 == 1
end
