-- Note how a queue stands, once a minute: from this its history is drawn. A minute that was noted stays.
--
-- Minutes of long ago go, and minutes to come: the clock was set back.
--
-- KEYS  ready_high ready_normal ready_low scheduled retrying blocked running failed meta samples
-- ARGV  now keep
-- OUT   {now, noted}; a note is "enqueued,scheduled,retrying,blocked,processing,failed,oldest_age_ms"
--- @include now
--- @include record

local meta, samples = KEYS[9], KEYS[10]
local now, keep = now_ms(ARGV[1]), tonumber(ARGV[2])
local minute = math.floor(now / 60000)
if redis.call("HEXISTS", samples, text(minute)) == 1 then return { text(now), 0 } end

local size, ready_at = {}, now
for i = 1, 8 do size[i] = redis.call("ZCARD", KEYS[i]) end
for i = 1, 3 do
  local first = redis.call("ZRANGE", KEYS[i], 0, 0)[1]
  local r = first and read(redis.call("HGET", meta, first))
  if r then ready_at = math.min(ready_at, tonumber(r.ready_at ~= "" and r.ready_at or r.created)) end
end

-- This minute is among what goes: to free comes first, so that it works in a full memory too.
local gone = { text(minute) }
for _, at in ipairs(redis.call("HKEYS", samples)) do
  local noted = string.find(at, "^%d+$") and tonumber(at) or -1
  if noted < minute - keep or noted > minute then gone[#gone + 1] = at end
end
for i = 1, #gone, 1000 do redis.call("HDEL", samples, unpack(gone, i, math.min(i + 999, #gone))) end
local enqueued = size[1] + size[2] + size[3]
local note = { enqueued, size[4], size[5], size[6], size[7], size[8], text(now - ready_at) }
redis.call("HSET", samples, text(minute), table.concat(note, ","))
return { text(now), 1 }
