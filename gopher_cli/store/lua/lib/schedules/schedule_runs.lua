-- Runs of a schedule: a job each, gathered, and then written all at once.
--- @needs admit batch counters is_first is_live notify publish record schedule_state submit_head touch
local function new_runs(state)
  return { state = state, to = admissions(), made = {}, renewed = {}, locks = {}, answer = {}, what = {} }
end

-- Who keeps this run from being made: the run before, or who holds its unique key.
local function blocker(runs, head)
  local before = runs.state.job
  if ARGV.overlap == "skip" and is_live(read(redis.call("HGET", KEYS.meta, before))) then return before end
  return head.lock ~= "" and string.match(runs.locks[head.lock] or holder(head.lock) or "", "^[^;]+")
end

local function add_job(runs, id, head, spec)
  runs.made[#runs.made + 1], runs.locks[head.lock] = id, id
  local sequence = (tonumber(redis.call("HGET", KEYS.conf, "seq") or 0) or 0) + #runs.made
  admit(runs.to, { id = id, head = head, spec = spec }, sequence, {}, runs.renewed)
end

-- One that is known already has run: somebody was here first, and its id is its own.
local function add_run(runs, outcome, instant, id, head, spec)
  local s, known = runs.state, redis.call("HEXISTS", KEYS.meta, id) == 1
  local why = not known and blocker(runs, head)
  if why and outcome == "ran" then
    s.skipped = s.skipped + 1
    add_entry(s, "skipped", instant, 1, instant, why)
    runs.what[#runs.what + 1] = "skipped"
  elseif not why and not (known and outcome == "manual") then -- by hand twice: the call was sent again
    if not known then add_job(runs, id, head, spec) end
    s.job, s.ran = id, s.ran + (outcome == "ran" and 1 or 0)
    add_entry(s, outcome, instant, 1, instant, id)
  end
  runs.answer[#runs.answer + 1], runs.answer[#runs.answer + 2] = id, known and "known" or why or ""
end

-- The first write must be one that a full memory refuses: then nothing at all has happened.
local function store_runs(runs)
  look(runs.to)
  touch({ KEYS.ticks, KEYS.lock_ends }, { KEYS.runs, KEYS.conf })
  redis.call("HSET", KEYS.runs, ARGV.name, state_line(runs.state))
  if #runs.made == 0 then return end
  redis.call("HINCRBY", KEYS.conf, "seq", #runs.made)
  if mixed then redis.call("HSET", KEYS.conf, "levels", "mixed") end
  if #runs.renewed > 0 then redis.call("ZREM", KEYS.lock_ends, unpack(runs.renewed)) end
  send(runs.to)
  send_counts({ enqueued = #runs.made })
end

local function publish_runs(runs)
  local to = runs.to
  if any(to[1]) or any(to[2]) or any(to[3]) or is_first(to.scheduled) then notify_worker() end
  if is_watched() then
    publish({ "enqueued", ids_of(to[1], to[2], to[3]), "scheduled", ids_of(to.scheduled) })
    for _, kind in ipairs(runs.what) do publish({ "schedule_" .. kind, { ARGV.name } }) end
  end
end
