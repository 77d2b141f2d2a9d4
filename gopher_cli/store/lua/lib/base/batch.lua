-- Writes gathered first and sent last, one command per key: `add`, `look`, then `send`.
-- `look` reads a key that will be written: one of a foreign type ends the script with nothing done.
-- A batch is {command, key, argument, ...}: a table with names would cost more than a small job.
local PROBE = { ZADD = "ZCARD", HSET = "HLEN" }

local function batch(command, key) return { command, key } end

local function add(to, first, second)
  local n = #to
  to[n + 1], to[n + 2] = first, second
end

local function any(writes) return writes[3] ~= nil end

local function look(batches)
  for _, writes in pairs(batches) do
    if any(writes) then redis.call(PROBE[writes[1]], writes[2]) end
  end
end

local function send(batches)
  for _, writes in pairs(batches) do
    local command, key, size = writes[1], writes[2], #writes
    for i = 3, size, 1000 do redis.call(command, key, unpack(writes, i, math.min(i + 999, size))) end
  end
end
