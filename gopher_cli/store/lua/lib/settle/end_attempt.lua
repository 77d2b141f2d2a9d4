-- Attempts end: what is to be written is gathered. Answers nil, or why one may not end: again, stale or gone.
--- @needs batch counters may_settle now observe record resulting_state settlement_batch unhandled
local COUNTER = {
  completed = "completed", failed = "failed", cancelled = "cancelled",
  retrying = "retried", scheduled = "snoozed", enqueued = "released", unhandled = "released",
}
local LEASED = "^(%d+;%d+;)([^;]*)(;(%d+);(%d*);%d+;(%d+););(.*)$"

-- The way that nearly all go: one match, one line of text. Answers false when this one needs more care.
local function complete(to, id, group, record, run_us, data, keep_until)
  local head, token, rest, started, ready_at, created, lock = string.match(record or "", LEASED)
  if token ~= group.token or to.settled[id] or lock ~= "" then return false end
  to.settled[id], to.mine[#to.mine + 1], to.done[#to.done + 1] = true, id, id
  local waited = math.max(0, started - (ready_at ~= "" and ready_at or created))
  observe(to.seen, group.kind, "completed", run_us, waited)
  add(to.metas, id, head .. "!" .. token .. rest .. stamp .. ";")
  add(to.lines.completed, keep_until, id)
  if data ~= "" then add(to.results, id, data) end
  return true
end

-- What an attempt leaves: a line in the job's history, or a result that is kept.
local function keep_data(to, id, group, data)
  if data == "" then return end
  if group.state ~= "completed" then
    to.entries[#to.entries + 1] = { id, stamp .. " " .. data .. "\n" }
  elseif tonumber(group.after) > 0 then
    add(to.results, id, data)
  end
end

-- `asked` is for how long (ms) it is kept if cancelled.
local function end_attempt(to, id, group, record, run_us, data, asked)
  local earned, r = group.state, read(record)
  if to.settled[id] then return "again" end
  local allowed, why = may_settle(r, group.token, earned)
  if not allowed then return why end

  to.settled[id], to.mine[#to.mine + 1] = true, id
  if r.token ~= group.token then
    to.late[#to.late + 1], r.attempts = id, r.attempts + 1
    increment(to.count, "late")
  end
  if COLUMN[earned] then observe(to.seen, group.kind, earned, run_us, wait_ms(r)) end
  if group.lost == "1" then increment(to.count, "lost") end
  local state = resulting_state(r, group, asked, run_us)
  if state ~= "completed" then increment(to.count, COUNTER[state]) end
  r.token = "!" .. group.token
  local after = tonumber(state == earned and group.after or asked or "") or 0
  if state == "unhandled" then
    add_unhandled(to, id, r, group.kind, after)
  else
    add_transition(to, id, r, state, after)
  end
  add(to.metas, id, line(r))
  keep_data(to, id, group, data)
end

-- All jobs of a group; `out` learns which of them were refused, and why.
local function end_group(to, group, ids, n, records, asked, out)
  local plain = group.state == "completed" and tonumber(group.after) > 0 and string.find(group.token, "^[^!?]")
  local keep_until = text(now + group.after)
  for i = group.first, group.first + 3 * group.size - 1, 3 do
    n = n + 1
    local id, record, run_us, data = ids[n], records[n], ARGV[i + 1], ARGV[i + 2]
    if not (plain and complete(to, id, group, record, run_us, data, keep_until)) then
      local why = end_attempt(to, id, group, record, run_us, data, asked[n])
      if why then out[#out + 1], out[#out + 2] = n - 1, why end
    end
  end
  return n
end
