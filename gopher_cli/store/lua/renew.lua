-- Renew every lease that a worker holds: what Redis says it holds, so that no list crosses the wire.
--
-- KEYS  running meta held cancels
-- ARGV  now worker lease first last
-- OUT   {now, held, {lost id, ...}, {id to cancel, ...}}; held counts all, `first` to `last` are renewed
--- @include now
--- @include record
--- @include batch

local running, meta, held, cancels = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now, worker, first, last = now_ms(ARGV[1]), ARGV[2], ARGV[4], ARGV[5]
local expiry = text(now + ARGV[3])

local total, ids = redis.call("ZCARD", held), redis.call("ZRANGE", held, first, math.min(last, first + 999))
if #ids == 0 then return { text(now), total, {}, {} } end
local records, leased = redis.call("HMGET", meta, unpack(ids)), redis.call("ZMSCORE", running, unpack(ids))
local asked = redis.call("EXISTS", cancels) == 1 and redis.call("HMGET", cancels, unpack(ids)) or {}

local keep, lost, cancel, leases = {}, {}, {}, batch("ZADD", running)
for i, id in ipairs(ids) do
  local r = read(records[i])
  if r and leased[i] and string.sub(r.token, 1, #worker + 1) == worker .. ":" then
    keep[#keep + 1] = id
    add(leases, expiry, id)
    if asked[i] then cancel[#cancel + 1] = id end
  else
    lost[#lost + 1] = id
  end
end

-- Removed, then added: at full memory a plain update would be refused, and leases would end.
if #keep > 0 then redis.call("ZREM", running, unpack(keep)) end
send({ leases })
if #lost > 0 then redis.call("ZREM", held, unpack(lost)) end
return { text(now), total, lost, cancel }
