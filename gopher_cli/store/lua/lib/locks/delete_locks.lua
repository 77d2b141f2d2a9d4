-- Locks of jobs that are deleted go with them, whatever time they had left. `owners` is {{lock, id}, ...}.
local function delete_locks(owners)
  for _, owner in ipairs(owners) do
    local lock, id = owner[1], owner[2]
    if lock ~= "" and redis.call("HGET", KEYS.locks, lock) == id then
      redis.call("ZREM", KEYS.lock_ends, lock)
      redis.call("HDEL", KEYS.locks, lock)
    end
  end
end
