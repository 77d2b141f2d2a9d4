-- Drop what was kept long enough: results, cancelled jobs, locks past their end; fold old cells together.
--
-- KEYS  completed cancelled spec meta result errors log progress once waiters locks lock_ends conf counters cells batches
-- ARGV  now limit keep_minutes keep_fives keep_hours keep_batches
-- OUT   {now, expired}
--- @include now
--- @include record
--- @include touch
--- @include tally
--- @include unlock
--- @include forget
--- @include cells
--- @include fold

local PLACES, spec, meta, result, errors = { KEYS[1], KEYS[2] }, KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local log, progress, once, waiters, locks, lock_ends = KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11], KEYS[12]
local conf, counters, cells, batches = KEYS[13], KEYS[14], KEYS[15], KEYS[16]
local now, limit, minute = now_ms(ARGV[1]), tonumber(ARGV[2]), nil
minute = math.floor(now / 60000)
touch({}, { spec, meta, result, errors, log, progress, once, waiters, conf, cells, batches })

local ended, expired = redis.call("ZRANGEBYSCORE", lock_ends, "-inf", text(now), "LIMIT", 0, limit), 0
local owners = #ended > 0 and redis.call("HMGET", locks, unpack(ended)) or {}
local ids = {}
for p, place in ipairs(PLACES) do
  ids[p] = redis.call("ZRANGEBYSCORE", place, "-inf", text(now), "LIMIT", 0, limit - expired)
  expired = expired + #ids[p]
end

for p, place in ipairs(PLACES) do
  if #ids[p] > 0 then
    redis.call("ZREM", place, unpack(ids[p]))
    forget(ids[p], spec, meta, result, errors, log, progress, once)
    redis.call("HDEL", waiters, unpack(ids[p]))
  end
end
if expired > 0 then send_counts(counters, { expired = expired }) end
for i, lock in ipairs(ended) do
  redis.call("ZREM", lock_ends, lock)
  if not lives(read(redis.call("HGET", meta, owners[i] or ""))) then redis.call("HDEL", locks, lock) end
end

if redis.call("HGET", conf, "folded") ~= text(minute) then
  redis.call("HDEL", conf, "folded")
  local keep = { m = tonumber(ARGV[3]), f = tonumber(ARGV[4]), h = tonumber(ARGV[5]) }
  local more = fold(cells, minute, limit, keep)
  drop_marks(batches, now - ARGV[6])
  if not more then redis.call("HSET", conf, "folded", text(minute)) end
end
return { text(now), expired }
