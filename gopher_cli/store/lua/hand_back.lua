-- Give back what a process held when it died: those that it was running count a loss, the rest do not.
--
-- KEYS  running meta held errors failed ready_high ready_normal ready_low locks lock_ends cancels counters wake
-- ARGV  now worker max_losses limit ...
-- ...   id, for each job that was running
-- OUT   {now, {id, state, ...}, left}; left counts what is still held
--- @include now
--- @include record
--- @include classes
--- @include wake
--- @include append
--- @include lose
--- @include unlock

local running, meta, held, errors, failed = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local READY, locks, lock_ends = { KEYS[6], KEYS[7], KEYS[8] }, KEYS[9], KEYS[10]
local cancels, counters, wake = KEYS[11], KEYS[12], KEYS[13]
local now, worker, max_losses = now_ms(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local guilty = {}
for i = 5, #ARGV do guilty[ARGV[i]] = true end

local ids = redis.call("ZRANGE", held, 0, ARGV[4] - 1)
if #ids == 0 then return { text(now), {}, 0 } end
local records, leased, told = redis.call("HMGET", meta, unpack(ids)), redis.call("ZMSCORE", running, unpack(ids)), redis.call("HMGET", errors, unpack(ids))

redis.call("ZREM", held, unpack(ids))
local answer, free = {}, {}
for i, id in ipairs(ids) do
  local r = read(records[i])
  if r and leased[i] and string.sub(r.token, 1, #worker + 1) == worker .. ":" then
    redis.call("ZREM", running, id)
    redis.call("HDEL", cancels, id)
    local died = lose(r, now, max_losses, guilty[id])
    redis.call("HSET", meta, id, line(r))
    if guilty[id] then
      redis.call("HSET", errors, id, append(told[i], lost_line(now, worker, died), 65536))
      redis.call("HINCRBY", counters, "lost", 1)
    end
    if died then
      free[#free + 1] = r.lock
      free[#free + 1] = id
      redis.call("ZADD", failed, text(now), id)
      redis.call("HINCRBY", counters, "failed", 1)
    else
      redis.call("ZADD", READY[class_of(r.score)], r.score, id)
      redis.call("HINCRBY", counters, "released", 1)
    end
    answer[#answer + 1] = id
    answer[#answer + 1] = died and "failed" or "enqueued"
  end
end
free_locks(locks, lock_ends, free)
if #answer > 0 then wake_one(wake) end
return { text(now), answer, redis.call("ZCARD", held) }
