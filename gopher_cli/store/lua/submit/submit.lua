-- Accept jobs: each becomes enqueued, scheduled (due later) or blocked (waits for others).
--
-- An id that is known already, or a unique key whose holder still lives, is answered and not stored. A job
-- waits for those that have not completed; one that is not known, and does not come before it, is `missing`.
--
-- KEYS  ready_high ready_normal ready_low scheduled blocked waiters spec meta locks lock_ends completed
--       conf counters batches asked cancels wake events
-- ARGV  now batch mark together ...
-- ...   id head spec; head is priority;due;delay;lock;lock_for;once;after,after; `together`: all or none
-- OUT   {now, index, why, ...}: the jobs not stored, from 0; why is "" for a known id or request, else the holder's id,
--       with ";" and when its lock ends where it is gone, or ";stops" where it is being cancelled; "?" and a parent
--- @needs admit batch counters is_first notify now parents publish submit_head touch

local ids = {}
for i = 5, #ARGV, 3 do ids[#ids + 1] = ARGV[i] end
local known = #ids > 0 and redis.call("HMGET", KEYS.meta, unpack(ids)) or {} -- without jobs: the mark alone
local out, fresh, taken, children, lacking = { stamp }, {}, {}, {}, false

local function refused(n, id, head)
  if known[n] or taken[id] then return "" end
  if head.once ~= "" and (taken["once " .. head.once] or asked_before(head.once)) then return "" end
  local owner = head.lock ~= "" and (taken["lock " .. head.lock] or holder(head.lock))
  lacking = lacking or not owner and head.missing
  return owner or head.missing and "?" .. head.missing
end

local function take(n, id, head)
  taken[id], fresh[#fresh + 1] = true, { id = id, spec = ARGV[n * 3 + 4], head = head }
  if head.lock ~= "" then taken["lock " .. head.lock] = id end
  if head.once ~= "" then taken["once " .. head.once] = id end
end

local asked, head
for n, id in ipairs(ids) do
  if ARGV[n * 3 + 3] ~= asked then
    asked = ARGV[n * 3 + 3]
    head = read_head(asked)
    if head.after ~= "" then find_parents(head, taken, children) end
  end
  local why = refused(n, id, head)
  if why then out[#out + 1], out[#out + 2] = n - 1, why else take(n, id, head) end
end
if (lacking or kept_out) and ARGV.together ~= "" then return out end

local to, renewed = admissions(), {}
local sequence = tonumber(redis.call("HGET", KEYS.conf, "seq") or 0) or 0
for n, job in ipairs(fresh) do admit(to, job, sequence + n, children, renewed) end
add_children(to, children)
look(to)
if #renewed > 0 then touch({ KEYS.lock_ends }, {}) end
if ARGV.batch ~= "" and not kept_out then touch({}, { KEYS.batches }) end

-- The first write must be one that a full memory refuses: then nothing at all has happened.
if #fresh > 0 then redis.call("HINCRBY", KEYS.conf, "seq", #fresh) end
if ARGV.batch ~= "" and not kept_out then redis.call("HSET", KEYS.batches, ARGV.batch, ARGV.mark .. ";" .. stamp) end
if #fresh == 0 then return out end
if mixed then redis.call("HSET", KEYS.conf, "levels", "mixed") end
if #renewed > 0 then redis.call("ZREM", KEYS.lock_ends, unpack(renewed)) end
send(to)
send_counts({ enqueued = #fresh })
if any(to[1]) or any(to[2]) or any(to[3]) or is_first(to.scheduled) then notify_worker() end
if is_watched() then
  publish({
    "enqueued", ids_of(to[1], to[2], to[3]),
    "scheduled", ids_of(to.scheduled), "blocked", ids_of(to.blocked),
  })
end
return out
