-- Writes gathered first and sent last, one command per key: `add` on paper, `look`, then `send`.
-- `look` reads a key that will be written: one of a foreign type ends the script with nothing done.
local PROBE = { ZADD = "ZCARD", HSET = "HLEN" }

local function batch(command, key) return { command = command, key = key, n = 0 } end

local function add(to, first, second)
  local n = to.n
  to[n + 1], to[n + 2], to.n = first, second, n + 2
end

local function look(batches)
  for _, one in pairs(batches) do
    if one.n > 0 then redis.call(PROBE[one.command], one.key) end
  end
end

local function send(batches)
  for _, one in pairs(batches) do
    for i = 1, one.n, 1000 do redis.call(one.command, one.key, unpack(one, i, math.min(i + 999, one.n))) end
  end
end
