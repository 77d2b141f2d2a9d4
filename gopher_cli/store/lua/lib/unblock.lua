-- Jobs that waited for these, and for no other any more, stand in line, or wait for their time.
-- A field of `waiters` is "child score," for each child; the score tells a job from a later one with its id.
local function children_of(ids, waiters, blocked, ready, scheduled)
  if #ids == 0 or redis.call("HLEN", waiters) == 0 then return {} end
  touch({ blocked, ready[1], ready[2], ready[3], scheduled }, {})
  local found = {}
  for i, children in ipairs(redis.call("HMGET", waiters, unpack(ids))) do
    if children then found[ids[i]] = children end
  end
  return found
end

-- Answers whether any of them stands in line now. `found` is what children_of has said; `freed`
-- gets the ids by the state that they come to.
local function unblock(found, waiters, blocked, meta, ready, scheduled, now, freed)
  local any = false
  for parent, children in pairs(found) do
    redis.call("HDEL", waiters, parent)
    for entry in string.gmatch(children, "[^,]+") do
      local child, score = string.match(entry, "^([^ ]+) (%d+)$")
      local r = child and redis.call("ZSCORE", blocked, child) and read(redis.call("HGET", meta, child))
      if r and r.score == score and tonumber(redis.call("ZINCRBY", blocked, -1, child)) <= 0 then
        redis.call("ZREM", blocked, child)
        if r.ready_at ~= "" and tonumber(r.ready_at) > now then
          redis.call("ZADD", scheduled, r.ready_at, child)
          table.insert(freed.scheduled, child)
        else
          any, r.ready_at = true, text(now)
          redis.call("HSET", meta, child, line(r))
          redis.call("ZADD", ready[class_of(score)], score, child)
          table.insert(freed.enqueued, child)
        end
      end
    end
  end
  return any
end
