-- A job that the doctor puts right: read from the arguments, judged, and written.
--- @needs counters history is_locked now places record

-- The job as it shall be, if it still is as it was seen; else nil. Its arguments begin at `i`.
local function read_repair(id, i, stands, record)
  local r = read(ARGV[i + 5])
  local same = stands == ARGV[i + 1] and string.sub(record or "", 1, 1024) == ARGV[i + 2]
  if not (same and r) then return nil end
  r.more = (read(record) or r).more
  local job = {
    id = id, r = r, place = tonumber(ARGV[i + 3]), score = ARGV[i + 4], spec = ARGV[i + 6], entry = ARGV[i + 7],
  }
  job.history = job.entry ~= "" and redis.call("HGET", KEYS.errors, id)
  return job
end

-- A job that lives holds its unique key, or dies if another does.
local function take_lock(job, taken)
  local r = job.r
  if r.lock == "" or job.place > RUNNING then return end
  if is_locked(r, job.id, taken) then
    job.place, job.score, r.finished, r.token = FAILED, stamp, stamp, ""
  else
    taken[r.lock], job.lock = true, true
  end
end

local function write_repair(job, count)
  local id = job.id
  for _, place in ipairs(PLACES) do redis.call("ZREM", place, id) end
  redis.call("ZREM", KEYS.unhandled_line, id)
  if job.place ~= RUNNING then redis.call("HDEL", KEYS.cancels, id) end
  redis.call("HSET", KEYS.meta, id, line(job.r))
  if job.spec ~= "" then redis.call("HSET", KEYS.spec, id, job.spec) end
  if job.entry ~= "" then
    redis.call("HSET", KEYS.errors, id, append_history(job.history, stamp .. " " .. job.entry .. "\n", 65536))
    increment(count, "corrupt")
  end
  redis.call("ZADD", PLACES[job.place], job.score, id)
  if job.place == RUNNING then redis.call("ZADD", KEYS.held, 0, id) end
  if job.lock then redis.call("HSET", KEYS.locks, job.r.lock, id) end
end
