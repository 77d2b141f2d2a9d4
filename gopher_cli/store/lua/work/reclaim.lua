-- Take back the jobs of dead workers. Two strikes: only leases that the caller saw over, with the same
-- expiry, one look ago; so a clock that jumps takes nothing from a living worker.
--
-- A worker renews many leases at once, so they share an expiry: it is what the caller remembers, and not
-- each of ten thousand jobs. Called again while jobs come in full pages of `limit`, and then, for the
-- look, with the last expiry that it has seen as `after` ("-inf" at first, "" for no look).
--
-- KEYS  running meta errors failed cancelled ready_high ready_normal ready_low locks lock_ends cancels
--       conf counters wake events
-- ARGV  now limit max_losses max_lease after ...
-- ...   expiry, for each that was seen over a strike ago
-- OUT   {now, {id, state, worker, ...}, {expiry seen over, ...}, how many leases were taken}
--- @needs batch expired_leases lease_expiry now publish quarantine ready_classes reclaim_jobs touch

local back, corrupt = expired_jobs(6, tonumber(ARGV.limit))

-- A lease further ahead than any can be: the clock went back. It is cut to what a lease may last here: other
-- workers may take longer ones than the caller.
local longest = math.max(ARGV.max_lease, tonumber(redis.call("HGET", KEYS.conf, "lease") or 0) or 0)
local too_far, cut = text(now + 2 * longest), batch("ZADD", KEYS.running)
local ahead = redis.call("ZRANGEBYSCORE", KEYS.running, too_far, "+inf", "WITHSCORES", "LIMIT", 0, ARGV.limit)
for i = 1, #ahead, 2 do
  add(cut, lease_expiry(text(now + longest), has_started(ahead[i + 1])), ahead[i])
end
if #back + #corrupt > 0 then
  touch(READY, { KEYS.meta, KEYS.errors, KEYS.locks, KEYS.cancels })
  touch({ KEYS.failed, KEYS.cancelled, KEYS.lock_ends }, {})
end

if #ahead > 0 then redis.call("ZREM", KEYS.running, unpack(ids_of(cut))) end
send({ cut })
for _, job in ipairs(corrupt) do
  redis.call("ZREM", KEYS.running, job[1])
  redis.call("HDEL", KEYS.cancels, job[1])
  quarantine(job[1], job[2])
end
if #corrupt > 0 and is_watched() then publish({ "failed", pluck(corrupt, 1) }) end

local answer = {}
for _, job in ipairs(reclaim_jobs(back, "the worker that ran this job vanished")) do
  for _, value in ipairs(job) do answer[#answer + 1] = value end
end
return { stamp, answer, expired_leases(tonumber(ARGV.limit)), #back + #corrupt }
