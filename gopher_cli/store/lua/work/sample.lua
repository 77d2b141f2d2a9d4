-- Note how a queue stands, once a minute: from this its history is drawn. A minute that was noted stays.
--
-- Minutes of long ago go, and minutes to come: the clock was set back.
--
-- KEYS  ready_high ready_normal ready_low scheduled retrying blocked running failed unhandled meta samples
-- ARGV  now keep
-- OUT   {now, noted}; a note is "enqueued,scheduled,retrying,blocked,processing,failed,oldest_age_ms"
--- @needs now oldest ready_classes

local minute = math.floor(now / 60000)
local noted, gone = redis.call("HEXISTS", KEYS.samples, text(minute)) == 1, {}
for _, field in ipairs(redis.call("HKEYS", KEYS.samples)) do
  local at = string.find(field, "^%d+$") and tonumber(field) or -1
  if at < minute - ARGV.keep or at > minute then gone[#gone + 1] = field end
end

local function drop()
  for i = 1, #gone, 1000 do redis.call("HDEL", KEYS.samples, unpack(gone, i, math.min(i + 999, #gone))) end
end

-- The clock may also go back to a minute that was noted: what is to come goes all the same.
if noted then
  drop()
  return { stamp, 0 }
end

local enqueued, ready_at, apart = redis.call("ZCARD", KEYS.unhandled), now, oldest_unhandled()
for class, line in ipairs(READY) do
  enqueued = enqueued + redis.call("ZCARD", line)
  ready_at = math.min(ready_at, oldest_in(line), apart[class])
end
local note = { enqueued }
for _, place in ipairs({ KEYS.scheduled, KEYS.retrying, KEYS.blocked, KEYS.running, KEYS.failed }) do
  note[#note + 1] = redis.call("ZCARD", place)
end
note[#note + 1] = text(now - ready_at)

-- This minute is among what goes: to free comes first, so that it works in a full memory too.
gone[#gone + 1] = text(minute)
drop()
redis.call("HSET", KEYS.samples, text(minute), table.concat(note, ","))
return { stamp, 1 }
