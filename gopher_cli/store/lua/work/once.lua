-- What a job has done once, over all its attempts: read it, or write it when `value` is given.
--
-- KEYS  meta once
-- ARGV  now id token key value
-- ...   a key has neither spaces nor line breaks, a value no line breaks
-- OUT   {now, "lost"} when another holds the job, {now, "none"}, or {now, "done", value}
--- @needs now record

local r = read(redis.call("HGET", KEYS.meta, ARGV.id))
if not r or ARGV.token == "" or r.token ~= ARGV.token then return { stamp, "lost" } end

local whole = redis.call("HGET", KEYS.once, ARGV.id) or ""
for entry in string.gmatch(whole, "[^\n]+") do
  local name, stored = string.match(entry, "^([^ ]+) (.*)$")
  if name == ARGV.key then return { stamp, "done", stored } end
end
if ARGV.value == "" then return { stamp, "none" } end

redis.call("HSET", KEYS.once, ARGV.id, whole .. ARGV.key .. " " .. ARGV.value .. "\n")
return { stamp, "done", ARGV.value }
