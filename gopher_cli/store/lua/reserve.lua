-- Lease ready jobs to a worker, by quota per class and then by class, unless the queue is paused.
--
-- Sent again with the same token it answers the same jobs: a lost reply loses nothing.
-- A record that cannot be read goes to the dead letter queue with its raw bytes, and is counted.
--
-- KEYS  ready_high ready_normal ready_low spec meta running failed errors held scheduled retrying conf counters wake
-- ARGV  now token sequence lease high normal low count
-- OUT   {now, next_due or 0, id, attempts, losses, spec, ...}; next_due is -1 when the queue is paused
--- @include now
--- @include record
--- @include batch
--- @include wake

local READY = { KEYS[1], KEYS[2], KEYS[3] }
local spec, meta, running, failed, errors, held = KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local scheduled, retrying, conf, counters, wake = KEYS[10], KEYS[11], KEYS[12], KEYS[13], KEYS[14]
local now, token, sequence, count = now_ms(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[8])
local lease = text(now + ARGV[4])

local again = redis.call("ZRANGEBYSCORE", held, sequence, sequence)
if #again > 0 then
  local out, metas, specs = { text(now), "0" }, redis.call("HMGET", meta, unpack(again)), redis.call("HMGET", spec, unpack(again))
  for i, id in ipairs(again) do
    local r = read(metas[i])
    if r and r.token == token then
      for _, value in ipairs({ id, r.attempts, r.losses, specs[i] }) do out[#out + 1] = value end
    end
  end
  return out
end
if redis.call("HEXISTS", conf, "paused") == 1 then return { text(now), "-1" } end

local taken, total = { {}, {}, {} }, 0
for class = 1, 3 do
  local quota = math.min(tonumber(ARGV[4 + class]), count - total)
  if quota > 0 then taken[class] = redis.call("ZRANGE", READY[class], 0, quota - 1) end
  total = total + #taken[class]
end
for class = 1, 3 do
  if total < count then
    local more = redis.call("ZRANGE", READY[class], #taken[class], #taken[class] + count - total - 1)
    for _, id in ipairs(more) do table.insert(taken[class], id) end
    total = total + #more
  end
end
if total == 0 then
  local due
  for _, place in ipairs({ scheduled, retrying }) do
    local first = redis.call("ZRANGE", place, 0, 0, "WITHSCORES")[2]
    if first and (not due or tonumber(first) < due) then due = tonumber(first) end
  end
  return { text(now), due and text(due) or "0" }
end

local out = { text(now), "0" }
local metas, leases, holds = batch("HSET", meta), batch("ZADD", running), batch("ZADD", held)
local corrupt = {}
for class = 1, 3 do
  local ids = taken[class]
  if #ids > 0 then
    local records, specs = redis.call("HMGET", meta, unpack(ids)), redis.call("HMGET", spec, unpack(ids))
    for i, id in ipairs(ids) do
      local attempts, losses, rest = string.match(records[i] or "", "^(%d+);(%d+);[^;]*;%d*;(%d*;%d+;%d+;%d*;[^;]*)")
      if attempts and specs[i] then
        attempts = attempts + 1
        metas.add(id, attempts .. ";" .. losses .. ";" .. token .. ";" .. text(now) .. ";" .. rest)
        leases.add(lease, id)
        holds.add(sequence, id)
        local n = #out
        out[n + 1], out[n + 2], out[n + 3], out[n + 4] = id, attempts, losses, specs[i]
      else
        corrupt[#corrupt + 1] = { id, records[i] or "" }
      end
    end
  end
end

for class = 1, 3 do
  if #taken[class] > 0 then redis.call("ZREM", READY[class], unpack(taken[class])) end
end
metas.send()
leases.send()
holds.send()
for _, job in ipairs(corrupt) do
  local raw = string.gsub(job[2], ".", function(c) return string.format("%02x", string.byte(c)) end)
  redis.call("HSET", errors, job[1], text(now) .. ' {"outcome":"corrupt","error":"the stored record cannot be read","raw_hex":"' .. raw .. '"}\n')
  redis.call("HSET", meta, job[1], "0;0;;;;" .. text(5e13) .. ";" .. text(now) .. ";" .. text(now) .. ";")
  redis.call("ZADD", failed, text(now), job[1])
  redis.call("HINCRBY", counters, "corrupt", 1)
end
if redis.call("EXISTS", READY[1], READY[2], READY[3]) > 0 then wake_one(wake) end
return out
