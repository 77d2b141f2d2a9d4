-- Accept jobs: each becomes enqueued, scheduled (due later) or blocked (waits for others).
--
-- An id that is known already, or a unique key whose holder still lives, is answered and not stored.
--
-- KEYS  ready_high ready_normal ready_low scheduled blocked waiters spec meta locks lock_ends completed conf counters batches wake
-- ARGV  now batch mark ...
-- ...   id head spec; head is priority;due;delay;lock;lock_for;after,after
-- OUT   {now, index, why, ...}: the jobs not stored, from 0; why is "" for a known id, else the holder's id
--- @include now
--- @include batch
--- @include record
--- @include unlock
--- @include wake

local READY = { KEYS[1], KEYS[2], KEYS[3] }
local scheduled, blocked, waiters, spec, meta = KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local locks, lock_ends, completed = KEYS[9], KEYS[10], KEYS[11]
local conf, counters, batches, wake = KEYS[12], KEYS[13], KEYS[14], KEYS[15]
local now = now_ms(ARGV[1])

local function holder(lock)
  local id = redis.call("HGET", locks, lock)
  if not id then return nil end
  local until_ms = redis.call("ZSCORE", lock_ends, lock)
  if until_ms and tonumber(until_ms) > now or lives(read(redis.call("HGET", meta, id))) then return id end
end

local ids = {}
for i = 4, #ARGV, 3 do ids[#ids + 1] = ARGV[i] end
local known = redis.call("HMGET", meta, unpack(ids))

local out, fresh, taken, head, parsed = { text(now) }, {}, {}, nil, nil
for n, id in ipairs(ids) do
  if ARGV[n * 3 + 2] ~= head then
    head = ARGV[n * 3 + 2]
    local priority, due, delay, lock, lock_for, after = string.match(head, "^(%d+);(%d*);(%d*);([^;]*);(%d*);(.*)$")
    parsed = {
      base = (10 - priority) * 1e13, class = priority + 0 >= 7 and 1 or priority + 0 >= 4 and 2 or 3,
      due = due ~= "" and tonumber(due) or delay ~= "" and now + delay or 0, lock = lock, lock_for = lock_for, parents = {},
    }
    for parent in string.gmatch(after, "[^,]+") do
      if redis.call("HEXISTS", meta, parent) == 1 and not redis.call("ZSCORE", completed, parent) then
        table.insert(parsed.parents, parent)
      end
    end
  end
  local why = (known[n] or taken[id]) and "" or nil
  if not why and parsed.lock ~= "" then why = taken["lock " .. parsed.lock] or holder(parsed.lock) end
  if why then
    out[#out + 1] = n - 1
    out[#out + 1] = why
  else
    taken[id] = true
    if parsed.lock ~= "" then taken["lock " .. parsed.lock] = id end
    fresh[#fresh + 1] = { id = id, spec = ARGV[n * 3 + 3], head = parsed }
  end
end

if ARGV[2] ~= "" then redis.call("HSET", batches, ARGV[2], ARGV[3] .. ";" .. text(now)) end
if #fresh == 0 then return out end

-- The first write must be one that a full memory refuses: then nothing at all has happened.
local last = redis.call("HINCRBY", conf, "seq", #fresh)
local specs, metas = batch("HSET", spec), batch("HSET", meta)
local lines = { batch("ZADD", READY[1]), batch("ZADD", READY[2]), batch("ZADD", READY[3]) }
local later, waiting = batch("ZADD", scheduled), batch("ZADD", blocked)
for n, job in ipairs(fresh) do
  local head = job.head
  local score = text(head.base + last - #fresh + n)
  local due = head.due > now and text(head.due) or ""
  specs.add(job.id, job.spec)
  metas.add(job.id, "0;0;;;" .. due .. ";" .. score .. ";" .. text(now) .. ";;" .. head.lock)
  if #head.parents > 0 then
    waiting.add(#head.parents, job.id)
    for _, parent in ipairs(head.parents) do
      redis.call("HSET", waiters, parent, (redis.call("HGET", waiters, parent) or "") .. job.id .. ",")
    end
  elseif due ~= "" then
    later.add(due, job.id)
  else
    lines[head.class].add(score, job.id)
  end
  if head.lock ~= "" then
    redis.call("HSET", locks, head.lock, job.id)
    redis.call("ZREM", lock_ends, head.lock)
    if head.lock_for ~= "" then redis.call("ZADD", lock_ends, text(now + head.lock_for), head.lock) end
  end
end
specs.send()
metas.send()
for _, line in ipairs(lines) do line.send() end
later.send()
waiting.send()
redis.call("HINCRBY", counters, "enqueued", #fresh)
if lines[1].any() or lines[2].any() or lines[3].any() then wake_one(wake) end
return out
