-- Drop what was kept long enough: results, cancelled jobs, locks past their end; fold old minutes into hours.
--
-- KEYS  completed cancelled spec meta result errors log progress once locks lock_ends counters cells batches
-- ARGV  now limit keep_minutes keep_hours keep_batches
-- OUT   {now, expired}
--- @include now
--- @include record
--- @include unlock
--- @include forget
--- @include cells

local PLACES, locks, lock_ends = { KEYS[1], KEYS[2] }, KEYS[10], KEYS[11]
local counters, cells, batches = KEYS[12], KEYS[13], KEYS[14]
local now, limit = now_ms(ARGV[1]), tonumber(ARGV[2])

local expired = 0
for _, place in ipairs(PLACES) do
  local ids = redis.call("ZRANGEBYSCORE", place, "-inf", text(now), "LIMIT", 0, limit - expired)
  if #ids > 0 then
    redis.call("ZREM", place, unpack(ids))
    forget(ids, KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9])
    expired = expired + #ids
  end
end
if expired > 0 then redis.call("HINCRBY", counters, "expired", expired) end

for _, lock in ipairs(redis.call("ZRANGEBYSCORE", lock_ends, "-inf", text(now), "LIMIT", 0, limit)) do
  redis.call("ZREM", lock_ends, lock)
  if not lives(read(redis.call("HGET", KEYS[4], redis.call("HGET", locks, lock) or ""))) then redis.call("HDEL", locks, lock) end
end

local minute, folded = math.floor(now / 60000), 0
for _, field in ipairs(redis.call("HKEYS", cells)) do
  local unit, at, kind = string.match(field, "^(%a)(%d+);(.*)$")
  if unit == "m" and tonumber(at) < minute - ARGV[3] and folded < limit then
    local hour = "h" .. text(math.floor(at / 60)) .. ";" .. kind
    local cell = add_text(add_text(empty_cell(), redis.call("HGET", cells, hour)), redis.call("HGET", cells, field))
    redis.call("HDEL", cells, field)
    redis.call("HSET", cells, hour, table.concat(cell, ","))
    folded = folded + 1
  elseif unit == "h" and tonumber(at) < math.floor(minute / 60) - ARGV[4] then
    redis.call("HDEL", cells, field)
  end
end
local marks = redis.call("HGETALL", batches)
for i = 1, #marks, 2 do
  local written = tonumber(string.match(marks[i + 1], ";(%d+)$") or "0")
  if written < now - ARGV[5] then redis.call("HDEL", batches, marks[i]) end
end
return { text(now), expired }
