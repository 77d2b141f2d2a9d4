-- Everything that is kept of one job.
--
-- KEYS  ready_high ready_normal ready_low scheduled retrying blocked running completed failed cancelled unhandled
--       spec meta result errors log progress conf cancels
-- ARGV  now id
-- OUT   {now, state, place score, ahead, paused, cancel asked, spec, meta, result, errors, log, progress,
--       is unhandled}, or {now} when unknown
--- @needs now places

local at
for p, place in ipairs(PLACES) do
  at = at or redis.call("ZSCORE", place, ARGV.id) and p
end
if not at then return { stamp } end

-- Better classes are served first in the main: they stand ahead as well.
local ahead = redis.call("ZRANK", PLACES[at], ARGV.id)
for better = 1, at <= LAST_READY and at - 1 or 0 do
  ahead = ahead + redis.call("ZCARD", PLACES[better])
end

local out = { stamp, STATES[at], redis.call("ZSCORE", PLACES[at], ARGV.id), ahead }
out[5], out[6] = redis.call("HEXISTS", KEYS.conf, "paused"), redis.call("HEXISTS", KEYS.cancels, ARGV.id)
for _, hash in ipairs({ KEYS.spec, KEYS.meta, KEYS.result, KEYS.errors, KEYS.log, KEYS.progress }) do
  out[#out + 1] = redis.call("HGET", hash, ARGV.id) or ""
end
out[#out + 1] = at == UNHANDLED and 1 or 0
return out
