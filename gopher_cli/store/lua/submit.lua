-- Accept jobs: each becomes enqueued, scheduled (due later) or blocked (waits for others).
--
-- An id that is known already, or a unique key whose holder still lives, is answered and not stored.
-- A job waits for those that are known, not completed, and came before it.
--
-- KEYS  ready_high ready_normal ready_low scheduled blocked waiters spec meta locks lock_ends completed conf counters batches wake events
-- ARGV  now batch mark ...
-- ...   id head spec; head is priority;due;delay;lock;lock_for;after,after
-- OUT   {now, index, why, ...}: the jobs not stored, from 0; why is "" for a known id, else the holder's id
--- @include now
--- @include batch
--- @include touch
--- @include record
--- @include classes
--- @include unlock
--- @include head
--- @include admit
--- @include tally
--- @include wake
--- @include tell

local READY = { KEYS[1], KEYS[2], KEYS[3] }
local scheduled, blocked, waiters, spec, meta = KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local locks, lock_ends, completed = KEYS[9], KEYS[10], KEYS[11]
local conf, counters, batches, wake, events = KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16]
local now, ids, out = now_ms(ARGV[1]), {}, nil
for i = 4, #ARGV, 3 do ids[#ids + 1] = ARGV[i] end
out = { text(now) }

local fresh, taken, asked, head = {}, {}, nil, nil
local known, children = redis.call("HMGET", meta, unpack(ids)), {}
for n, id in ipairs(ids) do
  if ARGV[n * 3 + 2] ~= asked then
    asked = ARGV[n * 3 + 2]
    head = read_head(asked, now)
    if head.after ~= "" then wait_for(head, taken, meta, completed, waiters, children) end
  end
  local why = (known[n] or taken[id]) and "" or nil
  if not why and head.lock ~= "" then
    why = taken["lock " .. head.lock] or holder(head.lock, locks, lock_ends, meta, now)
  end
  if why then
    out[#out + 1], out[#out + 2] = n - 1, why
  else
    taken[id], fresh[#fresh + 1] = true, { id = id, spec = ARGV[n * 3 + 3], head = head }
    if head.lock ~= "" then taken["lock " .. head.lock] = id end
  end
end

local to = {
  batch("ZADD", READY[1]), batch("ZADD", READY[2]), batch("ZADD", READY[3]),
  specs = batch("HSET", spec), metas = batch("HSET", meta), scheduled = batch("ZADD", scheduled), blocked = batch("ZADD", blocked),
  locks = batch("HSET", locks), lock_ends = batch("ZADD", lock_ends), waiters = batch("HSET", waiters),
}
local renewed, sequence = {}, tonumber(redis.call("HGET", conf, "seq") or 0) or 0
for n, job in ipairs(fresh) do admit(to, job, sequence + n, children, renewed, now) end
for parent, whole in pairs(children) do add(to.waiters, parent, whole) end
look(to)
if #renewed > 0 then touch({ lock_ends }, {}) end
if ARGV[2] ~= "" then touch({}, { batches }) end
-- The first write must be one that a full memory refuses: then nothing at all has happened.
if #fresh > 0 then redis.call("HINCRBY", conf, "seq", #fresh) end
if ARGV[2] ~= "" then redis.call("HSET", batches, ARGV[2], ARGV[3] .. ";" .. text(now)) end
if #fresh == 0 then return out end
if #renewed > 0 then redis.call("ZREM", lock_ends, unpack(renewed)) end
send(to)
send_counts(counters, { enqueued = #fresh })
if any(to[1]) or any(to[2]) or any(to[3]) then wake_one(wake) end
if hears(events) then
  tell(events, { "enqueued", ids_of(to[1], to[2], to[3]), "scheduled", ids_of(to.scheduled), "blocked", ids_of(to.blocked) })
end
return out
