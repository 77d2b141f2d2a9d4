-- Since when the job of a line that has waited longest has been ready.
--
-- A job is ready when it was submitted, or later: so of one priority nobody who came after a job can have waited longer
-- than it was there. So few need a look, mostly the first of each priority; 100 at most, where many were tried before.
--- @needs now ready_classes ready_since record

-- The least of these and of `oldest`, and whether nobody behind them can have waited longer.
local function oldest_among(ids, oldest)
  for _, record in ipairs(#ids > 0 and redis.call("HMGET", KEYS.meta, unpack(ids)) or {}) do
    local r = read(record)
    if r then
      oldest = math.min(oldest, ready_since(r))
      if oldest <= tonumber(r.created) then return oldest, true end
    end
  end
  return oldest, false
end

-- The same of jobs that stand apart, by class: of the hundred that have stood there longest.
local function oldest_unhandled()
  local oldest, ids = { math.huge, math.huge, math.huge }, redis.call("ZRANGE", KEYS.unhandled, 0, 99)
  for _, record in ipairs(#ids > 0 and redis.call("HMGET", KEYS.meta, unpack(ids)) or {}) do
    local r = read(record)
    local class = class_of(r and r.score or 0)
    oldest[class] = math.min(oldest[class], r and ready_since(r) or math.huge)
  end
  return oldest
end

-- In ms; math.huge where nobody waits.
local function oldest_in(line)
  local oldest, from, sure = math.huge, "-inf", false
  while true do
    local first = redis.call("ZRANGEBYSCORE", line, from, "+inf", "WITHSCORES", "LIMIT", 0, 1)
    if #first == 0 then return oldest end
    from = text((math.floor(first[2] / 1e13) + 1) * 1e13)
    oldest, sure = oldest_among({ first[1] }, oldest)
    if not sure then
      oldest = oldest_among(redis.call("ZRANGEBYSCORE", line, first[2], "(" .. from, "LIMIT", 1, 99), oldest)
    end
  end
end
