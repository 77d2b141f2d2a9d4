-- What is remembered until a time, which is its score, or the negative of it. Answers how many were dropped.
--- @needs now
local function delete_expired(key)
  local dropped = redis.call("ZRANGEBYSCORE", key, 0, stamp, "LIMIT", 0, ARGV.limit)
  for _, name in ipairs(redis.call("ZRANGEBYSCORE", key, "-" .. stamp, "(0", "LIMIT", 0, ARGV.limit)) do
    dropped[#dropped + 1] = name
  end
  if #dropped > 0 then redis.call("ZREM", key, unpack(dropped)) end
  return #dropped
end
