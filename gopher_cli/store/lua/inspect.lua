-- Everything that is kept of one job.
--
-- KEYS  ready_high ready_normal ready_low scheduled retrying blocked running completed failed cancelled spec meta result errors log progress conf cancels
-- ARGV  now id
-- OUT   {now, state, place score, ahead, paused, cancel asked, spec, meta, result, errors, log, progress}, or {now} when unknown
--- @include now
--- @include place

local PLACES = {
  { "enqueued", KEYS[1] }, { "enqueued", KEYS[2] }, { "enqueued", KEYS[3] }, { "scheduled", KEYS[4] },
  { "retrying", KEYS[5] }, { "blocked", KEYS[6] }, { "processing", KEYS[7] }, { "completed", KEYS[8] },
  { "failed", KEYS[9] }, { "cancelled", KEYS[10] },
}
local now, id = now_ms(ARGV[1]), ARGV[2]
local state, key = place_of(PLACES, id)
if not state then return { text(now) } end

local out = { text(now), state, redis.call("ZSCORE", key, id), redis.call("ZRANK", key, id) }
-- Better classes are served first in the main: they stand ahead as well.
for class = 1, 3 do
  if KEYS[class] == key then break end
  if state == "enqueued" then out[4] = out[4] + redis.call("ZCARD", KEYS[class]) end
end
out[5] = redis.call("HEXISTS", KEYS[17], "paused")
out[6] = redis.call("HEXISTS", KEYS[18], id)
for _, hash in ipairs({ KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16] }) do
  out[#out + 1] = redis.call("HGET", hash, id) or ""
end
return out
