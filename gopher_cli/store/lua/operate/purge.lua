-- Delete jobs for good, each only if it is (still) in the place it was seen in. Their unique keys are free then.
--
-- KEYS  place spec meta result errors log progress once locks lock_ends waiters cancels awaited completed
--       counters events unhandled_line
-- ARGV  now why ...
-- ...   id; `why` is the counter that records it: purged or expired
-- OUT   {now, deleted}
--- @needs counters delete_jobs delete_locks mark_lost now publish record touch

local ids, free, seen = {}, {}, {}
for i = 3, #ARGV do
  local id = ARGV[i]
  if not seen[id] and redis.call("ZSCORE", KEYS.place, id) then
    seen[id], ids[#ids + 1] = true, id
    local r = read(redis.call("HGET", KEYS.meta, id))
    if r then free[#free + 1] = { r.lock, id } end
  end
end
if #ids == 0 then return { stamp, 0 } end
touch({ KEYS.lock_ends, KEYS.awaited, KEYS.unhandled_line }, {
  KEYS.spec, KEYS.result, KEYS.errors, KEYS.log, KEYS.progress, KEYS.once, KEYS.locks, KEYS.waiters, KEYS.cancels,
})

redis.call("ZREM", KEYS.place, unpack(ids))
redis.call("ZREM", KEYS.unhandled_line, unpack(ids))
delete_jobs(ids)
if KEYS.place ~= KEYS.completed then mark_lost(ids) end
redis.call("HDEL", KEYS.waiters, unpack(ids))
redis.call("HDEL", KEYS.cancels, unpack(ids))
delete_locks(free)
send_counts({ [ARGV.why] = #ids })
if is_watched() then publish({ "gone", ids }) end
return { stamp, #ids }
