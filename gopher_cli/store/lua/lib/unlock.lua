-- A lock is valid while its job lives, or until its own end. It is freed with the job unless it lasts longer.
local function lives(record) return record ~= nil and record.finished == "" end

local function free_locks(locks, lock_ends, owners)
  for i = 1, #owners, 2 do
    local lock, id = owners[i], owners[i + 1]
    if redis.call("HGET", locks, lock) == id and not redis.call("ZSCORE", lock_ends, lock) then
      redis.call("HDEL", locks, lock)
    end
  end
end
