-- One attempt ends, on paper. Answers nil, or why it may not: again, stale or gone.
-- `head` is token;state;after;spent;lost;run_us;type, `asked` for how long (ms) it is kept if cancelled.
local HEAD = "^([^;]*);(%a+);(%-?%d+);(%d);(%d);(%d+);(.*)$"
local COUNTER = {
  completed = "completed", failed = "failed", cancelled = "cancelled",
  retrying = "retried", scheduled = "snoozed", enqueued = "released",
}

local function see(to, kind, attempt)
  local seen = to.seen[kind] or {}
  seen[#seen + 1], to.seen[kind] = attempt, seen
end

local function end_attempt(to, id, head, data, r, leased, asked)
  local token, earned, after, spent, lost, run_us, kind = string.match(head, HEAD)
  local why = to.settled[id] and "again" or objection(r, token, leased, earned)
  if why then return why end

  to.settled[id], to.mine[#to.mine + 1] = true, id
  if not leased then to.late[#to.late + 1], r.attempts = id, r.attempts + 1 end
  if COLUMN[earned] then see(to, kind, { state = earned, run_us = run_us, wait = waited(r) }) end
  if lost == "1" then tick(to.count, "lost") end
  local state = conclude(r, earned, spent, lost, asked, to.now, to.max_losses)
  tick(to.count, COUNTER[state])
  r.token = "!" .. token
  move(to, id, r, state, tonumber(state == earned and after or asked or "") or 0)
  add(to.metas, id, line(r))
  if data == "" then return end
  if earned ~= "completed" then
    to.told[#to.told + 1] = { id, to.stamp .. " " .. data .. "\n" }
  elseif tonumber(after) > 0 then
    add(to.results, id, data)
  end
end
