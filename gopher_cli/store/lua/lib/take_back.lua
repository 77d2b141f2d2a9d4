-- Jobs whose holder vanished leave `running`: for their place in line, or for their end.
--
-- `jobs` is {{id, r, told, asked, guilty}, ...}: told is its history, asked for how long (ms) it is
-- kept when somebody asked to cancel it, guilty whether it was running. `how` says in words how they were lost.
-- Answers {{id, state, worker}, ...}.
--- @needs append classes lose lost_line now record tally tell unlock wake
local function put_back(job, state)
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

local function tell_back(answer)
  local came = { enqueued = {}, failed = {}, cancelled = {} }
  for _, job in ipairs(answer) do table.insert(came[job[2]], job[1]) end
  tell({ "enqueued", came.enqueued, "failed", came.failed, "cancelled", came.cancelled })
end

local function take_back(jobs, how)
  local count, free, answer, begun = {}, {}, {}, begun_by_worker(jobs)
  for _, job in ipairs(jobs) do
    local died = lose(job.r, job.guilty)
    local state = died and "failed" or job.asked and "cancelled" or "enqueued"
    put_back(job, state)
    if job.guilty then
      redis.call("HSET", KEYS.errors, job.id, append(job.told, lost_line(job, how, begun[job.tree], died), 65536))
      tick(count, "lost")
    end
    if state ~= "enqueued" then free[#free + 1] = { job.r.lock, job.id } end
    tick(count, state == "enqueued" and "released" or state)
    answer[#answer + 1] = { job.id, state, job.worker }
  end
  free_locks(free)
  send_counts(count)
  if count.released then wake_one() end
  if #answer > 0 and is_watched() then tell_back(answer) end
  return answer
end
