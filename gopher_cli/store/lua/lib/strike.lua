-- Leases that are over, by their expiry, as Redis writes it.
--- @needs begun now record

-- The jobs whose leases are over with one of the expiries from the i-th argument on, up to a limit: those that
-- can be read as {id, r, told, asked, guilty}, and the others as {id, record}.
local function strike(i, limit)
  local back, corrupt = {}, {}
  local function take(id, expiry)
    local raw = redis.call("HGET", KEYS.meta, id)
    local r = read(raw)
    if not r then
      corrupt[#corrupt + 1] = { id, raw }
      return
    end
    local told, asked = redis.call("HGET", KEYS.errors, id), redis.call("HGET", KEYS.cancels, id)
    back[#back + 1] = { id = id, r = r, told = told, asked = asked, guilty = has_begun(expiry) }
  end
  for n = i, #ARGV do
    local left, expiry = limit - #back - #corrupt, ARGV[n]
    local over = tonumber(expiry) <= now and left > 0
    local ids = over and redis.call("ZRANGEBYSCORE", KEYS.running, expiry, expiry, "LIMIT", 0, left) or {}
    for _, id in ipairs(ids) do take(id, expiry) end
  end
  return back, corrupt
end

-- The expiries of leases that are over: each once, however many share it.
local function seen_over(limit)
  local after, seen = ARGV.after, {}
  while after ~= "" and #seen < limit do
    local expiry = redis.call("ZRANGEBYSCORE", KEYS.running, after, stamp, "WITHSCORES", "LIMIT", 0, 1)[2]
    if not expiry then break end
    seen[#seen + 1], after = expiry, "(" .. expiry
  end
  return seen
end
