-- What a job has done once, over all its attempts: read it, or write it when `value` is given.
--
-- KEYS  meta once
-- ARGV  now id token key value
-- ...   a key has neither spaces nor line breaks, a value no line breaks
-- OUT   {now, "lost"} when another holds the job, {now, "none"}, or {now, "done", value}
--- @include now
--- @include record

local meta, once = KEYS[1], KEYS[2]
local now, id, token, key, value = now_ms(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local r = read(redis.call("HGET", meta, id))
if not r or token == "" or r.token ~= token then return { text(now), "lost" } end
local whole = redis.call("HGET", once, id) or ""
for entry in string.gmatch(whole, "[^\n]+") do
  local name, stored = string.match(entry, "^([^ ]+) (.*)$")
  if name == key then return { text(now), "done", stored } end
end
if value == "" then return { text(now), "none" } end

redis.call("HSET", once, id, whole .. key .. " " .. value .. "\n")
return { text(now), "done", value }
