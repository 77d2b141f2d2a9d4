-- Lease ready jobs to a worker, by quota per class and then by class, unless the queue is paused.
--
-- Sent again with the same token it answers the same jobs: a lost reply loses nothing.
-- A job that cannot be read goes to the dead letter queue with its raw bytes, and is counted.
--
-- KEYS  ready_high ready_normal ready_low spec meta running failed errors held scheduled retrying conf counters wake events
-- ARGV  now token sequence lease high normal low count
-- OUT   {now, next_due or 0, id, attempts, losses, spec, ...}; next_due is -1 when the queue is paused
--- @include now
--- @include record
--- @include append
--- @include batch
--- @include touch
--- @include due
--- @include pick
--- @include again
--- @include quarantine
--- @include wake
--- @include tell

local READY = { KEYS[1], KEYS[2], KEYS[3] }
local spec, meta, running, failed, errors, held = KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local scheduled, retrying, conf, counters, wake, events = KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15]
local now, token, sequence, count = now_ms(ARGV[1]), ARGV[2], ARGV[3], math.min(ARGV[8], 500)
local stamp, lease = text(now), text(now + ARGV[4])

local again = redis.call("ZRANGEBYSCORE", held, sequence, sequence)
if #again > 0 then return leased_before(again, token, running, meta, spec, { stamp, "0" }) end
if redis.call("HEXISTS", conf, "paused") == 1 then return { stamp, "-1" } end
local taken, total = pick(READY, { ARGV[5], ARGV[6], ARGV[7] }, count)
if total == 0 then return { stamp, next_due({ scheduled, retrying }) } end

local out, corrupt = { stamp, "0" }, {}
local metas, leases, holds = batch("HSET", meta), batch("ZADD", running), batch("ZADD", held)
for class = 1, 3 do
  local ids = taken[class]
  local records = #ids > 0 and redis.call("HMGET", meta, unpack(ids))
  local specs = #ids > 0 and redis.call("HMGET", spec, unpack(ids))
  for i, id in ipairs(ids) do
    local attempts, losses, rest = string.match(records[i] or "", "^(%d+);(%d+);[^;]*;%d*;(%d*;%d+;%d+;%d*;.*)$")
    if attempts and specs[i] then
      attempts = attempts + 1
      add(metas, id, attempts .. ";" .. losses .. ";" .. token .. ";" .. stamp .. ";" .. rest)
      add(leases, lease, id)
      add(holds, sequence, id)
      local n = #out
      out[n + 1], out[n + 2], out[n + 3], out[n + 4] = id, attempts, losses, specs[i]
    else
      corrupt[#corrupt + 1] = { id, records[i] }
    end
  end
end
look({ leases })
if #corrupt > 0 then touch({ failed }, { errors }) end

for class = 1, 3 do
  if #taken[class] > 0 then redis.call("ZREM", READY[class], unpack(taken[class])) end
end
send({ metas, leases, holds })
local keys = { meta = meta, errors = errors, failed = failed, counters = counters }
for _, job in ipairs(corrupt) do quarantine(job[1], job[2], now, keys) end
if redis.call("EXISTS", READY[1], READY[2], READY[3]) > 0 then wake_one(wake) end
if hears(events) then tell(events, { "processing", ids_of(leases), "failed", each(corrupt, 1) }) end
return out
