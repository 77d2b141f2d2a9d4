-- A lock is valid while its job lives, or until its own end. It is freed with the job unless it lasts longer.
-- `owners` is {{lock, id}, ...}; an empty lock is none.
local function release_locks(owners)
  for _, owner in ipairs(owners) do
    local lock, id = owner[1], owner[2]
    if lock ~= "" and redis.call("HGET", KEYS.locks, lock) == id and not redis.call("ZSCORE", KEYS.lock_ends, lock) then
      redis.call("HDEL", KEYS.locks, lock)
    end
  end
end
