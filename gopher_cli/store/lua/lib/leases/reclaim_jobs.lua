-- Jobs whose holder vanished leave `running`: for their place in line, or for their end.
--
-- `jobs` is {{id, r, history, asked, was_running}, ...}: history is its history, asked for how long (ms) it is
-- kept when somebody asked to cancel it, was_running whether it was running. `how` says in words how they were lost.
-- Answers {{id, state, worker}, ...}.
--- @needs counters history lose_attempt lost_entry notify now publish ready_classes record release_locks
local function write_reclaimed(job, state)
  local r = job.r
  if state ~= "enqueued" then r.finished = stamp end
  if state == "cancelled" then r.token = "" end
  redis.call("ZREM", KEYS.running, job.id)
  if job.asked then redis.call("HDEL", KEYS.cancels, job.id) end
  redis.call("HSET", KEYS.meta, job.id, line(r))
  if state == "failed" then redis.call("ZADD", KEYS.failed, stamp, job.id) end
  if state == "cancelled" then redis.call("ZADD", KEYS.cancelled, text(now + (tonumber(job.asked) or 0)), job.id) end
  if state == "enqueued" then redis.call("ZADD", READY[class_of(r.score)], r.score, job.id) end
end

local function publish_reclaimed(answer)
  local came = { enqueued = {}, failed = {}, cancelled = {} }
  for _, job in ipairs(answer) do table.insert(came[job[2]], job[1]) end
  publish({ "enqueued", came.enqueued, "failed", came.failed, "cancelled", came.cancelled })
end

local function reclaim_jobs(jobs, how)
  local count, free, answer, started = {}, {}, {}, started_by_worker(jobs)
  for _, job in ipairs(jobs) do
    local died = lose_attempt(job.r, job.was_running)
    local state = died and "failed" or job.asked and "cancelled" or "enqueued"
    write_reclaimed(job, state)
    if job.was_running then
      local entry = lost_entry(job, how, started[job.tree], died)
      redis.call("HSET", KEYS.errors, job.id, append_history(job.history, entry, 65536))
      increment(count, "lost")
    end
    if state ~= "enqueued" then free[#free + 1] = { job.r.lock, job.id } end
    increment(count, state == "enqueued" and "released" or state)
    answer[#answer + 1] = { job.id, state, job.worker }
  end
  release_locks(free)
  send_counts(count)
  if count.released then notify_worker() end
  if #answer > 0 and is_watched() then publish_reclaimed(answer) end
  return answer
end
