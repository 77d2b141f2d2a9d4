-- Delete jobs for good, each only if it is (still) in the place it was seen in.
--
-- KEYS  place spec meta result errors log progress once locks lock_ends waiters cancels counters events
-- ARGV  now why ...
-- ...   id; `why` is the counter that records it: purged or expired
-- OUT   {now, deleted}
--- @include now
--- @include record
--- @include touch
--- @include tally
--- @include unlock
--- @include forget
--- @include tell

local place, spec, meta, result, errors = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local log, progress, once, locks, lock_ends = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local waiters, cancels, counters, events = KEYS[11], KEYS[12], KEYS[13], KEYS[14]
local now, why = now_ms(ARGV[1]), ARGV[2]

local ids, free, seen = {}, {}, {}
for i = 3, #ARGV do
  local id = ARGV[i]
  if not seen[id] and redis.call("ZSCORE", place, id) then
    seen[id], ids[#ids + 1] = true, id
    local r = read(redis.call("HGET", meta, id))
    if r then free[#free + 1] = { r.lock, id } end
  end
end
if #ids == 0 then return { text(now), 0 } end
touch({ lock_ends }, { spec, result, errors, log, progress, once, locks, waiters, cancels })

redis.call("ZREM", place, unpack(ids))
forget(ids, spec, meta, result, errors, log, progress, once)
redis.call("HDEL", waiters, unpack(ids))
redis.call("HDEL", cancels, unpack(ids))
free_locks(locks, lock_ends, free)
send_counts(counters, { [why] = #ids })
if hears(events) then tell(events, { "gone", ids }) end
return { text(now), #ids }
