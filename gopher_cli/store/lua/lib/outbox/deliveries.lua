-- What an outbox delivers: each job as it comes, whether it is let in, and where it stands if not as a new one.
--- @needs admit batch lost_parents now parents record submit_head
local WIDTH = 12

local function read_deliveries(first)
  local jobs, names, ids = {}, {}, {}
  for i = first, #ARGV, WIDTH do
    local how, head = ARGV[i + 3], read_head(ARGV[i + 2])
    local flags = string.match(how, "^%l*")
    head.siblings = {}
    for id in string.gmatch(how, "=(%S+)") do head.siblings[id] = true end
    names[#names + 1], ids[#ids + 1] = ARGV[i], ARGV[i + 1]
    jobs[#jobs + 1] = {
      name = ARGV[i], id = ARGV[i + 1], head = head, entry = ARGV[i + 4], spec = ARGV[i + 5],
      awaited = string.find(flags, "a"), unsure = string.find(flags, "u"),
      moved = string.find(flags, "m"),
      record = ARGV[i + 6], result = ARGV[i + 7], errors = ARGV[i + 8], log = ARGV[i + 9],
      progress = ARGV[i + 10], once = ARGV[i + 11],
    }
  end
  return jobs, names, ids
end

-- One that moves, or that is dead, brings its record along or gets one: `r`.
local function add_record(job, entry)
  local r = read(job.record) or blank()
  r.attempts, r.losses, r.token, r.ready_at, r.finished = 0, 0, "", stamp, entry ~= "" and stamp or ""
  if job.record == "" then r.lock = job.head.lock end
  job.r, job.dead = r, entry ~= ""
  job.errors = job.errors .. entry
end

-- Whether it is accepted, and else why not. `taken` are the ids and unique keys of this call.
local function may_accept(job, known, taken, children)
  local head = job.head
  if known or taken[job.id] then return false, job.moved and "taken" or "known" end
  local owner = head.lock ~= "" and (taken["lock " .. head.lock] or holder(head.lock))
  owner = owner and string.match(owner, "^[^;]*")
  if owner then return false, job.moved and "locked" or " " .. owner end
  local entry = job.entry ~= "" and stamp .. " " .. job.entry .. "\n" or ""
  if not job.moved and entry == "" and head.after ~= "" then
    find_parents(head, taken, children)
    entry = lost_parent_entry(job)
  end
  if job.moved or entry ~= "" then add_record(job, entry) end
  taken[job.id] = true
  if head.lock ~= "" and not job.dead then taken["lock " .. head.lock] = job.id end
  return true, job.dead and "dead" or nil
end

local function delivery_writes()
  return {
    failed = batch("ZADD", KEYS.failed), result = batch("HSET", KEYS.result),
    errors = batch("HSET", KEYS.errors), log = batch("HSET", KEYS.log),
    progress = batch("HSET", KEYS.progress), once = batch("HSET", KEYS.once),
  }
end

local function add_delivery(to, kept, job, sequence)
  local r, id = job.r, job.id
  r.score = text(job.head.base + sequence)
  add(to.specs, id, job.spec)
  add(to.metas, id, line(r))
  for _, name in ipairs({ "result", "errors", "log", "progress", "once" }) do
    if job[name] ~= "" then add(kept[name], id, job[name]) end
  end
  if job.dead then
    add(kept.failed, stamp, id)
  else
    add(to[job.head.class], r.score, id)
    if r.lock ~= "" then add(to.locks, r.lock, id) end
  end
end
