-- What a running job says of itself: progress and lines of its log. Only the holder of the token is heard.
--
-- Lines carry the ms of their birth: if a log ends with the very same ones, they were sent twice.
--
-- KEYS  meta progress log
-- ARGV  now limit ...
-- ...   id token progress lines; empty means unchanged; the log keeps both ends, `limit` bytes
-- OUT   {now, heard}
--- @include now
--- @include record
--- @include both_ends
--- @include batch

local meta, progress, log = KEYS[1], KEYS[2], KEYS[3]
local now, limit = now_ms(ARGV[1]), tonumber(ARGV[2])
local latest, logs, heard = {}, {}, 0
for i = 3, #ARGV, 4 do
  local id, token, said, lines = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local r = read(redis.call("HGET", meta, id))
  if r and token ~= "" and r.token == token then
    heard = heard + 1
    if said ~= "" then latest[id] = said end
    local history = logs[id] or redis.call("HGET", log, id) or ""
    if lines ~= "" and string.sub(history, -#lines) ~= lines then logs[id] = both_ends(history, lines, limit) end
  end
end

local writes = { batch("HSET", progress), batch("HSET", log) }
for id, said in pairs(latest) do add(writes[1], id, said) end
for id, whole in pairs(logs) do add(writes[2], id, whole) end
look(writes)
send(writes)
return { text(now), heard }
