-- Are as many jobs there as were accepted and have not left? With `act` the counters are made to say so.
--
-- Jobs in quarantine may be no more than a name that somebody else has written: they need not be counted.
--
-- KEYS  meta counters
-- ARGV  now act
-- OUT   {now, jobs, missing, {counter that cannot be read, ...}}; missing is negative when there are more than were counted
--- @include now

local meta, counters, act = KEYS[1], KEYS[2], ARGV[2]
local stamp, jobs, count, bad = text(now_ms(ARGV[1])), redis.call("HLEN", meta), {}, {}
local flat = redis.call("HGETALL", counters)
for i = 1, #flat, 2 do
  if string.find(flat[i + 1], "^%d+$") and #flat[i + 1] < 16 then count[flat[i]] = tonumber(flat[i + 1]) else bad[#bad + 1] = flat[i] end
end
local missing = (count.enqueued or 0) - jobs - (count.expired or 0) - (count.purged or 0)
if missing < 0 then missing = math.min(0, missing + (count.corrupt or 0)) end
if act ~= "1" or missing == 0 and #bad == 0 then return { stamp, jobs, missing, bad } end

-- Removed, then added: so it works in a full memory too.
if #bad > 0 then redis.call("HDEL", counters, unpack(bad)) end
if missing ~= 0 then
  local name = missing > 0 and "purged" or "enqueued"
  redis.call("HDEL", counters, name)
  redis.call("HSET", counters, name, text((count[name] or 0) + math.abs(missing)))
end
return { stamp, jobs, missing, bad }
