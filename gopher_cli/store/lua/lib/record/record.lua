-- The small mutable record of a job, one line of text in the hash `meta`:
-- attempts;losses;token;started;ready_at;score;created;finished;lock
-- `token` starts with "!" once its attempt is settled. `ready_at` is empty when it equals `created`.
-- What a newer minor of the schema has written behind all that is kept as it is.
--- @needs now
local RECORD = "^(%d+);(%d+);([^;]*);(%d*);(%d*);(%d+);(%d+);(%d*);([^;]*)(.*)$"

local function read(line)
  if not line then return nil end
  local attempts, losses, token, started, ready_at, score, created, finished, lock, more = string.match(line, RECORD)
  if not attempts then return nil end
  return {
    attempts = tonumber(attempts), losses = tonumber(losses), token = token, started = started,
    ready_at = ready_at, score = score, created = created, finished = finished, lock = lock, more = more,
  }
end

local function line(r)
  return r.attempts .. ";" .. r.losses .. ";" .. r.token .. ";" .. r.started .. ";" .. r.ready_at .. ";"
    .. r.score .. ";" .. r.created .. ";" .. r.finished .. ";" .. r.lock .. r.more
end

-- For a job whose own record cannot be read: normal priority, as old as this moment.
local function blank()
  return {
    attempts = 0, losses = 0, token = "", started = "", ready_at = "",
    score = "50000000000000", created = stamp, finished = "", lock = "", more = "",
  }
end
