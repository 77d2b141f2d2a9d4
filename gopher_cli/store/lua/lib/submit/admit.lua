-- Who is let in: whose unique key is free, and all that is written of the job.
--- @needs batch is_live now record

-- The job that holds a lock, while it lives or the lock lasts: "id", "id;end of the lock" where nothing is
-- kept of the job any more, or "id;stops" where somebody has asked to cancel it: who is kept out by that one is to
-- come again, and no mark of a batch may go past it.
local kept_out = false
local function holder(lock)
  local id = redis.call("HGET", KEYS.locks, lock)
  if not id then return nil end
  local record, ends = redis.call("HGET", KEYS.meta, id), redis.call("ZSCORE", KEYS.lock_ends, lock)
  if is_live(read(record)) then
    if redis.call("HEXISTS", KEYS.cancels, id) == 0 then return id end
    kept_out = true
    return id .. ";stops"
  end
  if ends and tonumber(ends) > now then return record and id or id .. ";" .. text(ends) end
end

-- Whether a request of this name has been stored before, and for how long (ms) it is known.
local function asked_before(once)
  local lasts, name = string.match(once, "^(%d+),(.+)$")
  local ends = name and redis.call("ZSCORE", KEYS.asked, name)
  return ends and tonumber(ends) > now, name, lasts
end

-- All that an admission writes; the ready lines by class.
local function admissions()
  return {
    batch("ZADD", KEYS.ready_high), batch("ZADD", KEYS.ready_normal), batch("ZADD", KEYS.ready_low),
    specs = batch("HSET", KEYS.spec), metas = batch("HSET", KEYS.meta),
    scheduled = batch("ZADD", KEYS.scheduled), blocked = batch("ZADD", KEYS.blocked),
    locks = batch("HSET", KEYS.locks), lock_ends = batch("ZADD", KEYS.lock_ends),
    waiters = batch("HSET", KEYS.waiters), asked = batch("ZADD", KEYS.asked),
  }
end

local function lock_up(to, head, id, renewed)
  add(to.locks, head.lock, id)
  renewed[#renewed + 1] = head.lock
  if head.lock_for ~= "" then add(to.lock_ends, text(now + head.lock_for), head.lock) end
end

local function admit(to, job, sequence, children, renewed)
  local head, id = job.head, job.id
  local score = text(head.base + sequence)
  add(to.specs, id, job.spec)
  add(to.metas, id, "0;0;;;" .. head.due .. ";" .. score .. ";" .. stamp .. ";;" .. head.lock)
  if #head.parents > 0 then
    add(to.blocked, #head.parents, id)
    for _, parent in ipairs(head.parents) do children[parent] = children[parent] .. id .. " " .. score .. "," end
  elseif head.due ~= "" then
    add(to.scheduled, head.due, id)
  else
    add(to[head.class], score, id)
  end
  if head.lock ~= "" then lock_up(to, head, id, renewed) end
  if head.once ~= "" then
    local _, name, lasts = asked_before(head.once)
    add(to.asked, text(now + lasts), name)
  end
end
