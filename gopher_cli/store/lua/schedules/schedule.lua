-- Change a schedule: define it, pause it, let it go on, take it away. Only what the caller has seen is changed.
--
-- KEYS  schedules ticks runs events
-- ARGV  now name revision expected definition next last what why limit
-- ...   revision and tick as the caller has seen them, empty where there is none. `definition`, empty where it stays.
--       `next` is the tick then, empty for none; `last` is until when all is accounted for then, empty where that
--       stays. `what`: define, count (anew), restart (also what is due), pause, resume or remove
-- OUT   {now, what became of it}: done, changed (others were faster), due (tick first) or full
--- @needs now publish schedule_state touch

local stored, tick = redis.call("HGET", KEYS.schedules, ARGV.name), redis.call("ZSCORE", KEYS.ticks, ARGV.name)
local revision = stored and (string.match(stored, "^(%d+);") or "0") or ""
local what, state = ARGV.what, read_state(redis.call("HGET", KEYS.runs, ARGV.name))
if revision ~= ARGV.revision or tonumber(tick or 0) ~= tonumber(ARGV.expected ~= "" and ARGV.expected or 0) then
  return { stamp, "changed" }
end
if tick and tonumber(tick) <= now and what == "count" then return { stamp, "due" } end
if not stored and redis.call("HLEN", KEYS.schedules) >= tonumber(ARGV.limit) then return { stamp, "full" } end

touch({ KEYS.ticks }, { KEYS.schedules, KEYS.runs })
if what == "pause" or what == "resume" or what == "remove" then
  -- The first write frees, so that a full memory stops neither a pause nor a removal.
  redis.call("HDEL", KEYS.runs, ARGV.name)
  redis.call("ZREM", KEYS.ticks, ARGV.name)
end
if what == "remove" then
  redis.call("HDEL", KEYS.schedules, ARGV.name)
  return { stamp, "done" }
end

if what == "pause" then pause(state, ARGV.why) end
if what == "resume" then resume(state) end
if what == "restart" then add_entry(state, "restarted", stamp, 1, stamp, "") end
if ARGV.last ~= "" then state.last = ARGV.last end
if ARGV.definition ~= "" then
  local number = math.max(now, (tonumber(revision) or 0) + 1)
  redis.call("HSET", KEYS.schedules, ARGV.name, text(number) .. ";" .. ARGV.definition)
end
redis.call("HSET", KEYS.runs, ARGV.name, state_line(state))
if ARGV.next ~= "" then
  redis.call("ZADD", KEYS.ticks, ARGV.next, ARGV.name)
else
  redis.call("ZREM", KEYS.ticks, ARGV.name)
end
if (what == "pause" or what == "resume") and is_watched() then
  publish({ "schedule_" .. what .. "d", { ARGV.name } })
end
return { stamp, "done" }
