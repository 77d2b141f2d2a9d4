-- Writes gathered first and sent last, one command per key: `add` on paper, `look`, then `send`.
-- `look` reads a key that will be written: one of a foreign type ends the script with nothing done.
-- A batch is {command, key, argument, ...}: a table with names would cost more than a small job.
local PROBE = { ZADD = "ZCARD", HSET = "HLEN" }

local function batch(command, key) return { command, key } end

local function add(to, first, second)
  local n = #to
  to[n + 1], to[n + 2] = first, second
end

local function any(one) return one[3] ~= nil end

local function look(batches)
  for _, one in pairs(batches) do
    if any(one) then redis.call(PROBE[one[1]], one[2]) end
  end
end

local function send(batches)
  for _, one in pairs(batches) do
    for i = 3, #one, 1000 do redis.call(one[1], one[2], unpack(one, i, math.min(i + 999, #one))) end
  end
end
