-- Leases that are over, by their expiry, as Redis writes it.
--- @needs lease_expiry now record

-- The jobs whose leases are over with one of the expiries from the i-th argument on, up to a limit: those that
-- can be read as {id, r, history, asked, was_running}, and the others as {id, record}.
local function expired_jobs(i, limit)
  local back, corrupt = {}, {}
  local function take(id, expiry)
    local raw = redis.call("HGET", KEYS.meta, id)
    local r = read(raw)
    if not r then
      corrupt[#corrupt + 1] = { id, raw }
      return
    end
    local history, asked = redis.call("HGET", KEYS.errors, id), redis.call("HGET", KEYS.cancels, id)
    back[#back + 1] = { id = id, r = r, history = history, asked = asked, was_running = has_started(expiry) }
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
local function expired_leases(limit)
  local after, seen = ARGV.after, {}
  while after ~= "" and #seen < limit do
    local expiry = redis.call("ZRANGEBYSCORE", KEYS.running, after, stamp, "WITHSCORES", "LIMIT", 0, 1)[2]
    if not expiry then break end
    seen[#seen + 1], after = expiry, "(" .. expiry
  end
  return seen
end
