-- Put jobs right of which parts contradict each other: each only if it still is as it was seen.
--
-- One that would live although another holds its unique key goes to the dead letter queue. One that has
-- completed frees those that waited for it, as it would have done when it was settled.
--
-- KEYS  ready_high ready_normal ready_low scheduled retrying blocked running completed failed cancelled meta spec errors locks lock_ends cancels counters wake held waiters events
-- ARGV  now ...
-- ...   id standing record place score new_record spec told; `place` by its number, "" leaves a spec or tells nothing
-- OUT   {now, word, ...}: for each id mended or changed (since it was seen)
--- @include now
--- @include record
--- @include append
--- @include touch
--- @include tally
--- @include unlock
--- @include standing
--- @include classes
--- @include unblock
--- @include wake
--- @include tell

local PLACES = { KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10] }
local READY, LAST_READY, RUNNING, COMPLETED, FAILED = { KEYS[1], KEYS[2], KEYS[3] }, 3, 7, 8, 9
local meta, spec, errors, locks, lock_ends = KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15]
local cancels, counters, wake, held, waiters, events = KEYS[16], KEYS[17], KEYS[18], KEYS[19], KEYS[20], KEYS[21]
local STATES = { "enqueued", "enqueued", "enqueued", "scheduled", "retrying", "blocked", "processing", "completed", "failed", "cancelled" }
local now, ids, plan, taken, free, done = now_ms(ARGV[1]), {}, {}, {}, {}, {}
local stamp, out, count, ready, news, came = text(now), {}, {}, false, {}, { enqueued = {}, scheduled = {} }
for i = 2, #ARGV, 8 do ids[#ids + 1] = ARGV[i] end
if #ids == 0 then return { stamp } end

local function locked(r, id)
  local holder = redis.call("HGET", locks, r.lock)
  return taken[r.lock] or holder and holder ~= id and lives(read(redis.call("HGET", meta, holder)))
end

local seen, records = standing(PLACES, ids), redis.call("HMGET", meta, unpack(ids))
out[1] = stamp
for n, id in ipairs(ids) do
  local i, r = n * 8 - 6, read(ARGV[n * 8 - 1])
  local same = seen[n] == ARGV[i + 1] and string.sub(records[n] or "", 1, 1024) == ARGV[i + 2]
  out[#out + 1] = same and r and "mended" or "changed"
  if same and r then
    r.more = (read(records[n]) or r).more
    local job = { id = id, r = r, place = tonumber(ARGV[i + 3]), score = ARGV[i + 4], spec = ARGV[i + 6], told = ARGV[i + 7] }
    job.history = job.told ~= "" and redis.call("HGET", errors, id)
    if r.lock ~= "" and job.place <= RUNNING and locked(r, id) then
      job.place, job.score, r.finished, r.token = FAILED, stamp, stamp, ""
    end
    if r.lock ~= "" and job.place <= RUNNING then taken[r.lock], job.lock = true, true end
    plan[#plan + 1] = job
    if job.place == COMPLETED then done[#done + 1] = id end
  end
end
touch(PLACES, { meta, spec, errors, locks, cancels })
touch({ lock_ends, held }, {})
local children = children_of(done, waiters, KEYS[6], READY, KEYS[4])

for _, job in ipairs(plan) do
  for _, place in ipairs(PLACES) do redis.call("ZREM", place, job.id) end
  if job.place ~= RUNNING then redis.call("HDEL", cancels, job.id) end
  redis.call("HSET", meta, job.id, line(job.r))
  if job.spec ~= "" then redis.call("HSET", spec, job.id, job.spec) end
  if job.told ~= "" then
    redis.call("HSET", errors, job.id, append(job.history, stamp .. " " .. job.told .. "\n", 65536))
    tick(count, "corrupt")
  end
  redis.call("ZADD", PLACES[job.place], job.score, job.id)
  if job.place == RUNNING then redis.call("ZADD", held, 0, job.id) end
  if job.lock then redis.call("HSET", locks, job.r.lock, job.id) else free[#free + 1] = { job.r.lock, job.id } end
  ready = ready or job.place <= LAST_READY
  news[#news + 1], news[#news + 2] = STATES[job.place], { job.id }
end
free_locks(locks, lock_ends, free)
local freed = unblock(children, waiters, KEYS[6], meta, READY, KEYS[4], now, came)
send_counts(counters, count)
if ready or freed then wake_one(wake) end
news[#news + 1], news[#news + 2], news[#news + 3], news[#news + 4] = "enqueued", came.enqueued, "scheduled", came.scheduled
if hears(events) then tell(events, news) end
return out
