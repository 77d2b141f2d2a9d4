-- Take back the jobs of dead workers. Two strikes: only a lease that the caller saw expired, with the
-- same expiry, one look ago; so a clock that jumps takes nothing from a living worker.
--
-- KEYS  running meta errors failed ready_high ready_normal ready_low locks lock_ends counters wake
-- ARGV  now limit max_losses max_lease ...
-- ...   id expiry, for each suspect of the last look
-- OUT   {now, {id, state, worker, ...}, {suspect id, expiry, ...}}
--- @include now
--- @include record
--- @include batch
--- @include classes
--- @include wake
--- @include append
--- @include lose
--- @include unlock

local running, meta, errors, failed = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local READY, locks, lock_ends, counters, wake = { KEYS[5], KEYS[6], KEYS[7] }, KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local now, limit, max_losses, max_lease = now_ms(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local suspects = {}
for i = 5, #ARGV, 2 do suspects[ARGV[i]] = ARGV[i + 1] end

local expired = redis.call("ZRANGEBYSCORE", running, "-inf", text(now), "WITHSCORES", "LIMIT", 0, limit)
local back, suspected, free, strays = {}, {}, {}, batch("ZADD", running)
for i = 1, #expired, 2 do
  local id, expiry = expired[i], expired[i + 1]
  if suspects[id] == expiry then
    back[#back + 1] = { id = id, r = read(redis.call("HGET", meta, id)), told = redis.call("HGET", errors, id) }
  else
    suspected[#suspected + 1] = id
    suspected[#suspected + 1] = expiry
  end
end
-- A lease further ahead than any can be: the clock went back. It is cut to what a lease may last.
local ahead = redis.call("ZRANGEBYSCORE", running, text(now + 2 * max_lease), "+inf", "LIMIT", 0, limit)
for _, id in ipairs(ahead) do strays.add(text(now + max_lease), id) end

local answer = {}
for _, job in ipairs(back) do
  redis.call("ZREM", running, job.id)
  local worker = job.r and string.match(job.r.token, "^([^:]*)") or ""
  local r = job.r or read("0;0;;;;50000000000000;" .. text(now) .. ";;")
  local died = lose(r, now, max_losses, true)
  redis.call("HSET", meta, job.id, line(r))
  redis.call("HSET", errors, job.id, append(job.told, lost_line(now, worker, died), 65536))
  if died then
    free[#free + 1] = r.lock
    free[#free + 1] = job.id
    redis.call("ZADD", failed, text(now), job.id)
    redis.call("HINCRBY", counters, "failed", 1)
  else
    redis.call("ZADD", READY[class_of(r.score)], r.score, job.id)
  end
  redis.call("HINCRBY", counters, "lost", 1)
  for _, value in ipairs({ job.id, died and "failed" or "enqueued", worker }) do answer[#answer + 1] = value end
end
if #ahead > 0 then redis.call("ZREM", running, unpack(ahead)) end
strays.send()
free_locks(locks, lock_ends, free)
if #answer > 0 then wake_one(wake) end
return { text(now), answer, suspected }
