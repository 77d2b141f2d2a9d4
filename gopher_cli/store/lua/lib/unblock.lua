-- Jobs that waited for these, and for no other any more, stand in line. Answers whether any does.
local function unblock(ids, waiters, blocked, meta, ready, stamp)
  if #ids == 0 or redis.call("EXISTS", waiters) == 0 then return false end
  local any = false
  for i, children in ipairs(redis.call("HMGET", waiters, unpack(ids))) do
    if children then
      redis.call("HDEL", waiters, ids[i])
      for child in string.gmatch(children, "[^,]+") do
        local r = redis.call("ZSCORE", blocked, child) and read(redis.call("HGET", meta, child))
        if r and tonumber(redis.call("ZINCRBY", blocked, -1, child)) <= 0 then
          redis.call("ZREM", blocked, child)
          r.ready_at, any = stamp, true
          redis.call("HSET", meta, child, line(r))
          redis.call("ZADD", ready[class_of(r.score)], r.score, child)
        end
      end
    end
  end
  return any
end
