-- What a running job says of itself: progress and lines of its log. Only the holder of the token is heard.
--
-- KEYS  meta progress log
-- ARGV  now limit ...
-- ...   id token progress lines; empty means unchanged; the log keeps its last `limit` bytes
-- OUT   {now, heard}
--- @include now
--- @include record
--- @include append

local meta, progress, log = KEYS[1], KEYS[2], KEYS[3]
local now, limit, plan = now_ms(ARGV[1]), tonumber(ARGV[2]), {}
for i = 3, #ARGV, 4 do
  local r = read(redis.call("HGET", meta, ARGV[i]))
  if r and r.token == ARGV[i + 1] then
    plan[#plan + 1] = { ARGV[i], ARGV[i + 2], ARGV[i + 3], redis.call("HGET", log, ARGV[i]) }
  end
end

for _, job in ipairs(plan) do
  if job[2] ~= "" then redis.call("HSET", progress, job[1], job[2]) end
  if job[3] ~= "" then redis.call("HSET", log, job[1], append(job[4], job[3], limit)) end
end
return { text(now), #plan }
