-- A batch of settlements: all that will be written, gathered before the first write.
-- `lines` are the ready lines by class, and the other places by state.
--- @needs batch history now ready_classes
local function settlement_batch()
  return {
    lines = {
      batch("ZADD", KEYS.ready_high), batch("ZADD", KEYS.ready_normal), batch("ZADD", KEYS.ready_low),
      scheduled = batch("ZADD", KEYS.scheduled), retrying = batch("ZADD", KEYS.retrying),
      completed = batch("ZADD", KEYS.completed), failed = batch("ZADD", KEYS.failed),
      cancelled = batch("ZADD", KEYS.cancelled),
    },
    metas = batch("HSET", KEYS.meta), results = batch("HSET", KEYS.result),
    mine = {}, late = {}, done = {}, gone = {}, free = {}, entries = {}, settled = {}, seen = {}, count = {},
  }
end

-- Where an ended attempt leads: the place is the state. `after` in ms: until it runs again, or is kept.
local function add_transition(to, id, r, state, after)
  if state == "enqueued" then -- handed back: it has been ready all the time
    add(to.lines[class_of(r.score)], r.score, id)
    return
  end
  local at = state == "failed" and stamp or text(now + math.max(after, 0))
  if state == "scheduled" or state == "retrying" then
    r.ready_at = at
  else
    r.finished = stamp
    if r.lock ~= "" then to.free[#to.free + 1] = { r.lock, id } end
  end
  if state == "completed" then to.done[#to.done + 1] = id end
  if state == "completed" and after <= 0 then to.gone[#to.gone + 1] = id else add(to.lines[state], at, id) end
end

-- The histories of jobs grow by what their attempts left: {{id, line}, ...}.
local function histories(entries)
  local lines, ids = batch("HSET", KEYS.errors), {}
  for n, entry in ipairs(entries) do ids[n] = entry[1] end
  local old = #ids > 0 and redis.call("HMGET", KEYS.errors, unpack(ids)) or {}
  for n, entry in ipairs(entries) do add(lines, entry[1], append_history(old[n], entry[2], 65536)) end
  return lines
end
