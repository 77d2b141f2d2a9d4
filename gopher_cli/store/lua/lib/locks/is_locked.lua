-- Whether another job holds the unique key of this one: it lives, or the time of its key is not over.
-- `taken` are the keys that this call gave away.
--- @needs is_live now record
local function is_locked(r, id, taken)
  if r.lock == "" then return false end
  local holder = redis.call("HGET", KEYS.locks, r.lock)
  if taken[r.lock] then return true end
  if not holder or holder == id then return false end
  local ends = redis.call("ZSCORE", KEYS.lock_ends, r.lock)
  return ends and tonumber(ends) > now or is_live(read(redis.call("HGET", KEYS.meta, holder)))
end
