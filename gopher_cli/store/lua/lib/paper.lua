-- Settlements on paper: all that will be written, gathered before the first write.
-- `places` are the keys of the ready lines by class and of the other places by state.
local function paper(places, meta, result, now, max_losses)
  local to = {
    now = now, stamp = text(now), max_losses = max_losses, lines = {}, metas = batch("HSET", meta), results = batch("HSET", result),
    mine = {}, late = {}, done = {}, gone = {}, free = {}, told = {}, settled = {}, seen = {}, count = {},
  }
  for name, key in pairs(places) do to.lines[name] = batch("ZADD", key) end
  return to
end

-- Where an ended attempt leads: the place is the state. `after` in ms: until it runs again, or is kept.
local function move(to, id, r, state, after)
  if state == "enqueued" then
    r.ready_at = to.stamp
    add(to.lines[class_of(r.score)], r.score, id)
    return
  end
  local at = state == "failed" and to.stamp or text(to.now + math.max(after, 0))
  if state == "scheduled" or state == "retrying" then
    r.ready_at = at
  else
    r.finished = to.stamp
    if r.lock ~= "" then to.free[#to.free + 1] = { r.lock, id } end
  end
  if state == "completed" then to.done[#to.done + 1] = id end
  if state == "completed" and after <= 0 then to.gone[#to.gone + 1] = id else add(to.lines[state], at, id) end
end

-- The histories of jobs grow by what their attempts had to tell: {{id, line}, ...}.
local function histories(errors, told)
  local lines, ids = batch("HSET", errors), {}
  for n, entry in ipairs(told) do ids[n] = entry[1] end
  local old = #ids > 0 and redis.call("HMGET", errors, unpack(ids)) or {}
  for n, entry in ipairs(told) do add(lines, entry[1], append(old[n], entry[2], 65536)) end
  return lines
end
