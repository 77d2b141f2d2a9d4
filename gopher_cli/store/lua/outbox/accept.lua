-- Accept jobs that an outbox brings: follow-ups, and dead jobs that change their queue.
--
-- Each is accepted once, however often it is brought, also when it has completed and is gone: its name stays in
-- `carried` until its outbox has let it go. A name is used once; the same id may come again under another.
-- A follow-up is dead where what it waits for is lost, and so is one that comes with a line of history (`entry`).
-- One that moves is refused for good where its id or its unique key is taken: it goes back to where it came from.
--
-- KEYS  ready_high ready_normal ready_low scheduled blocked failed waiters spec meta result errors log progress
--       once locks lock_ends completed conf counters cancels asked carried awaited wake
--       events
-- ARGV  now keep ...
-- ...   name id head how entry spec record result errors log progress once; `how` is some of the letters a
--       (awaited), u (unsure) and m (it moves), and after " =" each sibling that it waits for
-- OUT   {now, index, why, ...}: those that are not there to run, from 0; why is dead, known, or the holder of the
--       unique key after a space; of one that moves locked, or taken (another job has its id)
--- @needs admit batch counters deliveries is_first notify now parents publish submit_head touch

local jobs, names, ids = read_deliveries(3)
if #names == 0 then return { stamp } end
local marks = redis.call("ZMSCORE", KEYS.carried, unpack(names))
local known = redis.call("HMGET", KEYS.meta, unpack(ids))
local keep, out, fresh, taken, children = text(now + ARGV.keep), { stamp }, {}, {}, {}
local notes = { carried = batch("ZADD", KEYS.carried), awaited = batch("ZADD", KEYS.awaited) }

for n, job in ipairs(jobs) do
  local why = marks[n] and (tonumber(marks[n]) > 0 and "known" or known[n] and "taken" or "locked")
  if not why then
    local accepted
    accepted, why = may_accept(job, known[n], taken, children)
    add(notes.carried, ((why == "taken" or why == "locked") and "-" or "") .. keep, job.name)
    if job.awaited then add(notes.awaited, keep, job.id) end
    if accepted then fresh[#fresh + 1] = job end
  end
  if why then out[#out + 1], out[#out + 2] = n - 1, why end
end
if not any(notes.carried) then return out end

local to, kept, renewed, dead = admissions(), delivery_writes(), {}, {}
local sequence = tonumber(redis.call("HGET", KEYS.conf, "seq") or 0) or 0
for n, job in ipairs(fresh) do
  if job.r then
    add_delivery(to, kept, job, sequence + n)
    if job.dead then dead[#dead + 1] = job.id end
  else
    admit(to, job, sequence + n, children, renewed)
  end
end
add_children(to, children)
for _, writes in ipairs({ notes, to, kept }) do look(writes) end
if #renewed > 0 then touch({ KEYS.lock_ends }, {}) end

-- The first write must be one that a full memory refuses: then nothing at all has happened.
redis.call("HINCRBY", KEYS.conf, "seq", #fresh)
if mixed then redis.call("HSET", KEYS.conf, "levels", "mixed") end
send(notes)
if #renewed > 0 then redis.call("ZREM", KEYS.lock_ends, unpack(renewed)) end
for _, writes in ipairs({ to, kept }) do send(writes) end
send_counts({ enqueued = #fresh > 0 and #fresh or nil, failed = #dead > 0 and #dead or nil })
if any(to[1]) or any(to[2]) or any(to[3]) or is_first(to.scheduled) then notify_worker() end
if is_watched() then
  publish({
    "enqueued", ids_of(to[1], to[2], to[3]),
    "scheduled", ids_of(to.scheduled), "blocked", ids_of(to.blocked), "failed", dead,
  })
end
return out
