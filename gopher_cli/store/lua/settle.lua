-- End attempts: each running job moves to the state its outcome earned. Only the holder of the token may.
--
-- A success that comes after its lease was lost still counts while nobody newer holds the job.
-- Follow-up jobs of a settled attempt are accepted here, with it, into the outbox.
--
-- KEYS  running meta held ready_high ready_normal ready_low scheduled retrying completed failed cancelled blocked waiters spec result errors log progress once locks lock_ends cancels outbox counters cells wake
-- ARGV  now max_losses count ...
-- ...   id head data; head is token;state;after;spent;lost;run_us;type
-- ...   then: parent child record, for each follow-up
-- OUT   {now, index, why, ...}: the jobs not settled now, from 0; why is again, stale or gone
--- @include now
--- @include record
--- @include batch
--- @include classes
--- @include wake
--- @include append
--- @include lose
--- @include judge
--- @include unlock
--- @include unblock
--- @include forget
--- @include cells
--- @include observe

local running, meta, held = KEYS[1], KEYS[2], KEYS[3]
local READY = { KEYS[4], KEYS[5], KEYS[6] }
local PLACE = { scheduled = KEYS[7], retrying = KEYS[8], completed = KEYS[9], failed = KEYS[10], cancelled = KEYS[11] }
local blocked, waiters, spec, result, errors = KEYS[12], KEYS[13], KEYS[14], KEYS[15], KEYS[16]
local log, progress, once, locks, lock_ends = KEYS[17], KEYS[18], KEYS[19], KEYS[20], KEYS[21]
local cancels, outbox, counters, cells, wake = KEYS[22], KEYS[23], KEYS[24], KEYS[25], KEYS[26]
local COUNTER = { completed = "completed", failed = "failed", cancelled = "cancelled", retrying = "retried", scheduled = "snoozed", enqueued = "released" }
local now, max_losses, last = now_ms(ARGV[1]), tonumber(ARGV[2]), 3 + 3 * ARGV[3]
local stamp = text(now)
local out = { stamp }

local ids = {}
for i = 4, last, 3 do ids[#ids + 1] = ARGV[i] end
local records, leased = redis.call("HMGET", meta, unpack(ids)), redis.call("ZMSCORE", running, unpack(ids))

local mine, late, done, gone, free, told, settled, seen, count = {}, {}, {}, {}, {}, {}, {}, {}, {}
local metas, results = batch("HSET", meta), batch("HSET", result)
local moves = { batch("ZADD", READY[1]), batch("ZADD", READY[2]), batch("ZADD", READY[3]) }
for state, place in pairs(PLACE) do moves[state] = batch("ZADD", place) end

local function tally(name) count[name] = (count[name] or 0) + 1 end

for n, id in ipairs(ids) do
  local token, state, after, spent, lost, run_us, kind = string.match(ARGV[3 * n + 2], "^([^;]*);(%a+);(%d+);(%d);(%d);(%d+);(.*)$")
  local data, r = ARGV[3 * n + 3], read(records[n])
  local why = settled[id] and "again" or objection(r, token, leased[n], state)
  if why then
    out[#out + 1] = n - 1
    out[#out + 1] = why
  else
    settled[id] = true
    mine[#mine + 1] = id
    if not leased[n] then
      late[#late + 1] = id
      r.attempts = r.attempts + 1
    end
    if state == "completed" or state == "retrying" or state == "failed" then
      seen[kind] = seen[kind] or {}
      table.insert(seen[kind], { state = state, run_us = run_us, wait = math.max(0, r.started - (r.ready_at ~= "" and r.ready_at or r.created)) })
    end
    if lost == "1" then
      tally("lost")
      if lose(r, now, max_losses, true) then state = "failed" end
    elseif spent == "0" then
      r.attempts = r.attempts - 1
    end
    tally(COUNTER[state])
    r.token = "!" .. token
    if state == "enqueued" then
      r.ready_at = stamp
      moves[class_of(r.score)].add(r.score, id)
    else
      local at = text(now + after)
      if state == "scheduled" or state == "retrying" then r.ready_at = at else r.finished = stamp end
      if state == "failed" then at = stamp end
      if r.finished ~= "" and r.lock ~= "" then
        free[#free + 1] = r.lock
        free[#free + 1] = id
      end
      if state == "completed" and after == "0" then gone[#gone + 1] = id else moves[state].add(at, id) end
    end
    if state == "completed" then
      done[#done + 1] = id
      if data ~= "" and after ~= "0" then results.add(id, data) end
    elseif data ~= "" then
      told[#told + 1] = { id, stamp .. " " .. data .. "\n" }
    end
    metas.add(id, line(r))
  end
end
if #mine == 0 then return out end

redis.call("ZREM", running, unpack(mine))
redis.call("ZREM", held, unpack(mine))
if redis.call("EXISTS", cancels) == 1 then redis.call("HDEL", cancels, unpack(mine)) end
if #late > 0 then
  for _, place in ipairs({ READY[1], READY[2], READY[3], PLACE.scheduled, PLACE.retrying }) do redis.call("ZREM", place, unpack(late)) end
end
metas.send()
results.send()
for _, move in pairs(moves) do move.send() end
for _, entry in ipairs(told) do
  redis.call("HSET", errors, entry[1], append(redis.call("HGET", errors, entry[1]), entry[2], 65536))
end
free_locks(locks, lock_ends, free)
for i = last + 1, #ARGV, 3 do
  if settled[ARGV[i]] then redis.call("HSET", outbox, ARGV[i + 1], ARGV[i + 2]) end
end
for name, number in pairs(count) do redis.call("HINCRBY", counters, name, number) end
observe(cells, now, seen)

if unblock(done, waiters, blocked, meta, READY, stamp) then wake_one(wake) end
if #gone > 0 then
  forget(gone, spec, meta, result, errors, log, progress, once)
  redis.call("HINCRBY", counters, "expired", #gone)
end
if count.released then wake_one(wake) end
return out
