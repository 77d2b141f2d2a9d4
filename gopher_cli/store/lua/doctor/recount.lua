-- Are as many jobs there as were accepted and have not left? With `act` the counters are made to say so.
--
-- What is missing gets a counter of its own: a loss must not look like a purge. Only where it cannot be
-- told what was expired or purged, that counter takes the difference.
--
-- Jobs in quarantine may be no more than a name that somebody else has written: they need not be counted.
--
-- KEYS  meta counters
-- ARGV  now act
-- OUT   {now, jobs, missing, {counter that cannot be read, ...}, lost}; missing is negative when there are more
--       than were counted, lost is what was missing before
--- @needs now

local jobs, count, bad, home = redis.call("HLEN", KEYS.meta), {}, {}, "missing"
local flat = redis.call("HGETALL", KEYS.counters)
for i = 1, #flat, 2 do
  local name, value = flat[i], flat[i + 1]
  if string.find(value, "^%d+$") and #value < 16 then
    count[name] = tonumber(value)
  else
    bad[#bad + 1] = name
    if name == "purged" or name == "expired" then home = name end
  end
end

local missing = (count.enqueued or 0) - jobs - (count.expired or 0) - (count.purged or 0) - (count.missing or 0)
if missing < 0 then missing = math.min(0, missing + (count.corrupt or 0)) end
local out = { stamp, jobs, missing, bad, count.missing or 0 }
if ARGV.act ~= "1" or missing == 0 and #bad == 0 then return out end

-- Removed, then added: so it works in a full memory too.
if #bad > 0 then redis.call("HDEL", KEYS.counters, unpack(bad)) end
if missing ~= 0 then
  local name = missing > 0 and home or "enqueued"
  redis.call("HDEL", KEYS.counters, name)
  redis.call("HSET", KEYS.counters, name, text((count[name] or 0) + math.abs(missing)))
end
return out
