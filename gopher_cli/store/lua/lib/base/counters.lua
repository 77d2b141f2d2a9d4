-- Counters, gathered and written once. Counting never stops the work: one that cannot be written is let be.
local function increment(count, name, number) count[name] = (count[name] or 0) + (number or 1) end

local function send_counts(count)
  for name, number in pairs(count) do redis.pcall("HINCRBY", KEYS.counters, name, number) end
end
