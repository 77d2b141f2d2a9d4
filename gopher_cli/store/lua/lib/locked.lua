-- Whether another job that lives holds the unique key of this one. `taken` are the keys that this call gave away.
local function locked(r, id, taken)
  if r.lock == "" then return false end
  local holder = redis.call("HGET", KEYS.locks, r.lock)
  return taken[r.lock] or holder and holder ~= id and lives(read(redis.call("HGET", KEYS.meta, holder)))
end
