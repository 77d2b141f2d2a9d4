-- Lease ready jobs to a worker, by quota per class and then by class, unless the queue is paused.
--
-- Sent again with the same token it answers the same jobs: a lost reply loses nothing.
-- The first `starts` of them begin at once, but none that was lost `suspect` times.
-- A job that cannot be read goes to the dead letter queue with its raw bytes, and is counted.
--
-- KEYS  ready_high ready_normal ready_low spec meta running failed errors held scheduled retrying conf
--       counters wake events unhandled
-- ARGV  now token sequence lease high normal low count starts suspect room
-- OUT   {now, next_due or 0, unhandled, id, attempts, losses, spec, ...}; next_due is -1 when the queue is paused,
--       unhandled is 1 when jobs of types that somebody has no handler for stand apart, and 2 more when
--       others were left in line because the specs have filled `room` bytes
--- @needs batch lease leased_before next_due notify now pick publish quarantine ready_classes touch

local again = redis.call("ZRANGEBYSCORE", KEYS.held, ARGV.sequence, ARGV.sequence)
if #again > 0 then return leased_before(again, { stamp, "0", 0 }) end
local conf = redis.call("HMGET", KEYS.conf, "paused", "levels", "lease")
if conf[1] then return { stamp, "-1", 0 } end
local quotas = { tonumber(ARGV.high), tonumber(ARGV.normal), tonumber(ARGV.low) }
local taken, total = pick(quotas, math.min(ARGV.count, 500), conf[2])
if total == 0 then return { stamp, next_due(), redis.call("EXISTS", KEYS.unhandled) } end

local to = new_fetch()
for _, ids in ipairs(taken) do lease_jobs(to, ids) end
look({ to.leases })
if #to.corrupt > 0 then touch({ KEYS.failed }, { KEYS.errors }) end

for class, line in ipairs(READY) do
  if #taken[class] > 0 then redis.call("ZREM", line, unpack(taken[class])) end
end
send({ to.metas, to.leases, to.holds })
-- The longest lease that anybody takes here: who takes back leases must not judge by his own.
if tonumber(ARGV.lease) > (tonumber(conf[3] or 0) or 0) then redis.call("HSET", KEYS.conf, "lease", ARGV.lease) end
for _, job in ipairs(to.corrupt) do quarantine(job[1], job[2]) end

-- One look at four keys: each line counts one, and what stands apart four.
local apart = KEYS.unhandled
local left = redis.call("EXISTS", KEYS.ready_high, KEYS.ready_normal, KEYS.ready_low, apart, apart, apart, apart)
if left % 4 > 0 then notify_worker() end
to.answer[3] = (left >= 4 and 1 or 0) + (to.cut and 2 or 0)
if is_watched() then publish({ "processing", ids_of(to.leases), "failed", pluck(to.corrupt, 1) }) end
return to.answer
