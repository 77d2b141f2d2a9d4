-- What may be left over of a job: by its kind, where it is kept, and whether it belongs to nobody any more.
--- @needs is_held_by is_live places record
local HASHES = {
  errors = KEYS.errors, result = KEYS.result, log = KEYS.log, progress = KEYS.progress, once = KEYS.once,
  waiters = KEYS.waiters, cancels = KEYS.cancels, lock = KEYS.locks,
}
local ZSETS = { ["end"] = KEYS.lock_ends, held = KEYS.held }
local is_orphan = {}

function is_orphan.lock(lock)
  local id, lasts = redis.call("HGET", KEYS.locks, lock), redis.call("ZSCORE", KEYS.lock_ends, lock)
  return id and not lasts and not is_live(read(redis.call("HGET", KEYS.meta, id)))
end

-- The end of a lock that is there no more.
is_orphan["end"] = function(lock)
  return redis.call("ZSCORE", KEYS.lock_ends, lock) and redis.call("HEXISTS", KEYS.locks, lock) == 0
end

function is_orphan.held(id)
  local r = redis.call("ZSCORE", KEYS.running, id) and read(redis.call("HGET", KEYS.meta, id))
  return not is_held_by(ARGV.holder, r)
end

local function is_unknown(id, stands)
  return stands == "" and redis.call("HEXISTS", KEYS.meta, id) + redis.call("HEXISTS", KEYS.spec, id) == 0
end

-- Whether a job that stands there has no use for what is kept of it under this name.
local function is_stale(name, stands)
  local function is_in(place) return string.find("," .. stands, "," .. place .. ":", 1, true) end
  return name == "result" and not is_in(COMPLETED)
    or name == "cancels" and not is_in(RUNNING)
    or name == "waiters" and is_in(COMPLETED)
end
