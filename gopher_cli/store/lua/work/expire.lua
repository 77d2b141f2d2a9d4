-- Drop what was kept long enough: results, cancelled jobs, locks past their end, and what was brought here;
-- fold old cells together.
--
-- KEYS  completed cancelled spec meta result errors log progress once waiters locks lock_ends conf counters
--       cells batches asked carried awaited events
-- ARGV  now limit keep_minutes keep_fives keep_hours keep_batches
-- OUT   {now, expired, 1 if more is to be dropped}
--- @needs counters delete_jobs expired_marks is_live mark_lost now publish record roll_up touch

touch({ KEYS.carried, KEYS.awaited }, {
  KEYS.spec, KEYS.meta, KEYS.result, KEYS.errors, KEYS.log, KEYS.progress, KEYS.once,
  KEYS.waiters, KEYS.conf, KEYS.cells, KEYS.batches,
})
local ended = redis.call("ZRANGEBYSCORE", KEYS.lock_ends, "-inf", stamp, "LIMIT", 0, ARGV.limit)
local owners = #ended > 0 and redis.call("HMGET", KEYS.locks, unpack(ended)) or {}
local asked = redis.call("ZRANGEBYSCORE", KEYS.asked, "-inf", stamp, "LIMIT", 0, ARGV.limit)
local PLACES, ids, expired = { KEYS.completed, KEYS.cancelled }, {}, 0
for p, place in ipairs(PLACES) do
  ids[p] = redis.call("ZRANGEBYSCORE", place, "-inf", stamp, "LIMIT", 0, ARGV.limit - expired)
  expired = expired + #ids[p]
end

for p, place in ipairs(PLACES) do
  if #ids[p] > 0 then
    redis.call("ZREM", place, unpack(ids[p]))
    delete_jobs(ids[p])
    redis.call("HDEL", KEYS.waiters, unpack(ids[p]))
  end
end
mark_lost(ids[2])
if expired > 0 then send_counts({ expired = expired }) end

if #asked > 0 then redis.call("ZREM", KEYS.asked, unpack(asked)) end
for i, lock in ipairs(ended) do
  redis.call("ZREM", KEYS.lock_ends, lock)
  if not is_live(read(redis.call("HGET", KEYS.meta, owners[i] or ""))) then redis.call("HDEL", KEYS.locks, lock) end
end

local lapsed = delete_expired(KEYS.carried) + delete_expired(KEYS.awaited)
local minute = text(math.floor(now / 60000))
if redis.call("HGET", KEYS.conf, "folded") ~= minute then
  redis.call("HDEL", KEYS.conf, "folded")
  local more = roll_up(tonumber(ARGV.limit))
  more = delete_old_marks(now - ARGV.keep_batches, 50) or more
  if not more then redis.call("HSET", KEYS.conf, "folded", minute) end
end
if expired > 0 and is_watched() then publish({ "gone", ids[1], "gone", ids[2] }) end
return { stamp, expired, math.max(expired, lapsed) >= tonumber(ARGV.limit) and 1 or 0 }
