-- Put jobs right of which parts contradict each other: each only if it still is as it was seen.
--
-- One that would live although another holds its unique key goes to the dead letter queue. One that has
-- completed frees those that waited for it, as it would have done when it was settled.
--
-- KEYS  ready_high ready_normal ready_low scheduled retrying blocked running completed failed cancelled unhandled
--       meta spec errors locks lock_ends cancels counters wake held waiters events unhandled_line
-- ARGV  now ...
-- ...   id standing record place score new_record spec entry; `place` by its number, "" leaves a spec or adds nothing
-- OUT   {now, word, ...}: for each id mended or changed (since it was seen)
--- @needs counters notify now places positions publish release_locks repair_job touch unblock

local ids, plan, taken, done = {}, {}, {}, {}
for i = 2, #ARGV, 8 do ids[#ids + 1] = ARGV[i] end
if #ids == 0 then return { stamp } end

local out, seen, records = { stamp }, positions(ids), redis.call("HMGET", KEYS.meta, unpack(ids))
for n, id in ipairs(ids) do
  local job = read_repair(id, n * 8 - 6, seen[n], records[n])
  out[#out + 1] = job and "mended" or "changed"
  if job then
    take_lock(job, taken)
    plan[#plan + 1] = job
    if job.place == COMPLETED then done[#done + 1] = id end
  end
end
touch(PLACES, { KEYS.meta, KEYS.spec, KEYS.errors, KEYS.locks, KEYS.cancels })
touch({ KEYS.lock_ends, KEYS.held, KEYS.unhandled_line }, {})
local children = children_of(done)

local count, free, ready, news = {}, {}, false, {}
for _, job in ipairs(plan) do
  write_repair(job, count)
  if not job.lock then free[#free + 1] = { job.r.lock, job.id } end
  ready = ready or job.place <= LAST_READY
  news[#news + 1], news[#news + 2] = STATES[job.place], { job.id }
end
release_locks(free)
local freed = unblock(children)
send_counts(count)
if ready or #freed.enqueued > 0 then notify_worker() end
if is_watched() then
  publish(news)
  publish({ "enqueued", freed.enqueued, "scheduled", freed.scheduled })
end
return out
