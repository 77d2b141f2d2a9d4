-- Dead jobs leave the dead letter queue for the outbox, whole, on their way to another queue (asks/outbox.py). Their
-- unique keys are free then. One that others wait for stays. Sent again it answers the same.
--
-- KEYS  failed spec meta result errors log progress once locks lock_ends waiters blocked cancels outbox awaited
--       counters events
-- ARGV  now target nonce ...
-- ...   id
-- OUT   {now, word, ...}: for each id moved, later (4 MB are enough for one call), gone (no dead job), unreadable, or
--       awaited
--- @needs batch counters delete_jobs delete_locks now publish record touch

local PARTS = { KEYS.spec, KEYS.meta, KEYS.result, KEYS.errors, KEYS.log, KEYS.progress, KEYS.once }
local out, ids, free, size = { stamp }, {}, {}, 0
local entries = batch("HSET", KEYS.outbox)

-- By a job of this queue that is blocked, or by a follow-up in an outbox.
local function is_awaited(id)
  if tonumber(redis.call("ZSCORE", KEYS.awaited, id) or 0) > 0 then return true end
  for child, score in string.gmatch(redis.call("HGET", KEYS.waiters, id) or "", "([^ ,]+) (%d+),") do
    local r = redis.call("ZSCORE", KEYS.blocked, child) and read(redis.call("HGET", KEYS.meta, child))
    if r and r.score == score then return true end
  end
end

-- "m <target> <size of each part>", and the parts behind it.
local function pack(id)
  local parts, sizes = {}, {}
  for n, key in ipairs(PARTS) do
    parts[n] = redis.call("HGET", key, id) or ""
    sizes[n], size = text(#parts[n]), size + #parts[n]
  end
  return "m " .. ARGV.target .. " " .. table.concat(sizes, " ") .. "\n" .. table.concat(parts)
end

local function judge(id, name)
  if redis.call("HEXISTS", KEYS.outbox, name) == 1 then return "moved" end
  if not redis.call("ZSCORE", KEYS.failed, id) then return "gone" end
  local r = read(redis.call("HGET", KEYS.meta, id))
  if not r or redis.call("HEXISTS", KEYS.spec, id) == 0 then return "unreadable" end
  if is_awaited(id) then return "awaited" end
  if size > 4000000 then return "later" end
  ids[#ids + 1], free[#free + 1] = id, { r.lock, id }
  add(entries, name, pack(id))
  return "moved"
end

for i = 4, #ARGV do out[#out + 1] = judge(ARGV[i], ARGV[i] .. " " .. ARGV.nonce) end
if #ids == 0 then return out end
touch({ KEYS.lock_ends }, { KEYS.locks, KEYS.cancels })
look({ entries })

-- The first write must be one that a full memory refuses: then nothing has happened. In the outbox they would wait
-- for room where nobody could delete them.
send({ entries })
redis.call("ZREM", KEYS.failed, unpack(ids))
delete_jobs(ids)
redis.call("HDEL", KEYS.waiters, unpack(ids))
redis.call("HDEL", KEYS.cancels, unpack(ids))
delete_locks(free)
send_counts({ purged = #ids })
if is_watched() then publish({ "gone", ids }) end
return out
