-- Delete jobs for good, each only if it is (still) in the place it was seen in.
--
-- KEYS  place spec meta result errors log progress once locks lock_ends waiters cancels counters
-- ARGV  now why ...
-- ...   id; `why` is the counter that records it: purged or expired
-- OUT   {now, deleted}
--- @include now
--- @include record
--- @include unlock
--- @include forget

local place, spec, meta, result, errors = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local log, progress, once, locks, lock_ends = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local waiters, cancels, counters = KEYS[11], KEYS[12], KEYS[13]
local now = now_ms(ARGV[1])

local ids, free = {}, {}
for i = 3, #ARGV do
  if redis.call("ZSCORE", place, ARGV[i]) then
    ids[#ids + 1] = ARGV[i]
    local r = read(redis.call("HGET", meta, ARGV[i]))
    if r and r.lock ~= "" then
      free[#free + 1] = r.lock
      free[#free + 1] = ARGV[i]
    end
  end
end
if #ids == 0 then return { text(now), 0 } end

redis.call("ZREM", place, unpack(ids))
forget(ids, spec, meta, result, errors, log, progress, once)
redis.call("HDEL", waiters, unpack(ids))
redis.call("HDEL", cancels, unpack(ids))
free_locks(locks, lock_ends, free)
redis.call("HINCRBY", counters, ARGV[2], #ids)
return { text(now), #ids }
