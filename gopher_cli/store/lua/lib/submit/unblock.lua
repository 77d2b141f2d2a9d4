-- Jobs that waited for these, and for no other any more, stand in line, or wait for their time.
--- @needs now ready_classes record touch

-- What `waiters` says of these jobs, by id: "child score," for each child. Looks at all that `unblock` writes.
local function children_of(ids)
  if #ids == 0 or redis.call("HLEN", KEYS.waiters) == 0 then return {} end
  touch(READY, {})
  touch({ KEYS.blocked, KEYS.scheduled }, {})
  local found = {}
  for i, children in ipairs(redis.call("HMGET", KEYS.waiters, unpack(ids))) do
    if children then found[ids[i]] = children end
  end
  return found
end

-- `freed` gets the ids by the state that they come to.
local function unblock_child(child, r, freed)
  redis.call("ZREM", KEYS.blocked, child)
  if r.ready_at ~= "" and tonumber(r.ready_at) > now then
    redis.call("ZADD", KEYS.scheduled, r.ready_at, child)
    table.insert(freed.scheduled, child)
  else
    r.ready_at = stamp
    redis.call("HSET", KEYS.meta, child, line(r))
    redis.call("ZADD", READY[class_of(r.score)], r.score, child)
    table.insert(freed.enqueued, child)
  end
end

-- Answers what came free: {enqueued = {id, ...}, scheduled = {id, ...}}.
-- The score tells a child from a later job with its id.
local function unblock(found)
  local freed = { enqueued = {}, scheduled = {} }
  for parent, children in pairs(found) do
    redis.call("HDEL", KEYS.waiters, parent)
    for entry in string.gmatch(children, "[^,]+") do
      local child, score = string.match(entry, "^([^ ]+) (%d+)$")
      local r = child and redis.call("ZSCORE", KEYS.blocked, child) and read(redis.call("HGET", KEYS.meta, child))
      if r and r.score == score and tonumber(redis.call("ZINCRBY", KEYS.blocked, -1, child)) <= 0 then
        unblock_child(child, r, freed)
      end
    end
  end
  return freed
end
