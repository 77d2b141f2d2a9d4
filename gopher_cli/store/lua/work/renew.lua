-- Renew every lease that a worker holds: what Redis says it holds, so that no list crosses the wire.
-- What has begun to run is marked as such; with `spared` all is as if nothing had: its worker is told to stop.
--
-- KEYS  running meta held cancels
-- ARGV  now worker lease first last spared ...
-- ...   id, for each job that has begun
-- OUT   {now, held, {lost id, ...}, {id to cancel, ...}}; held counts all, `first` to `last` are renewed
--- @needs batch is_held_by lease_expiry now record

local total, last = redis.call("ZCARD", KEYS.held), math.min(ARGV.last, ARGV.first + 999)
local ids = redis.call("ZRANGE", KEYS.held, ARGV.first, last)
if #ids == 0 then return { stamp, total, {}, {} } end
local records, leased = redis.call("HMGET", KEYS.meta, unpack(ids)), redis.call("ZMSCORE", KEYS.running, unpack(ids))
local asked = redis.call("EXISTS", KEYS.cancels) == 1 and redis.call("HMGET", KEYS.cancels, unpack(ids)) or {}

local expiry, begun = text(now + ARGV.lease), {}
for i = 7, #ARGV do begun[ARGV[i]] = true end
local keep, lost, cancel, leases = {}, {}, {}, batch("ZADD", KEYS.running)
for i, id in ipairs(ids) do
  if leased[i] and is_held_by(ARGV.worker, read(records[i])) then
    keep[#keep + 1] = id
    local runs = ARGV.spared ~= "1" and (begun[id] or has_started(leased[i]))
    add(leases, lease_expiry(expiry, runs), id)
    if asked[i] then cancel[#cancel + 1] = id end
  else
    lost[#lost + 1] = id
  end
end

-- Removed, then added: at full memory a plain update would be refused, and leases would end.
if #keep > 0 then redis.call("ZREM", KEYS.running, unpack(keep)) end
send({ leases })
if #lost > 0 then redis.call("ZREM", KEYS.held, unpack(lost)) end
return { stamp, total, lost, cancel }
