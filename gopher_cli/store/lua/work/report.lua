-- What a running job says of itself: progress and lines of its log. Only the holder of the token is heard.
--
-- Lines carry the ms of their birth: if a log ends with the very same ones, they were sent twice.
--
-- KEYS  meta progress log
-- ARGV  now limit ...
-- ...   id token progress lines; empty means unchanged; the log keeps both ends, `limit` bytes
-- OUT   {now, heard}
--- @needs batch log now record

local latest, logs, heard = {}, {}, 0

local function accept(id, progress, lines)
  heard = heard + 1
  if progress ~= "" then latest[id] = progress end
  local history = logs[id] or redis.call("HGET", KEYS.log, id) or ""
  if lines ~= "" and string.sub(history, -#lines) ~= lines then
    logs[id] = append_log(history, lines, tonumber(ARGV.limit))
  end
end

for i = 3, #ARGV, 4 do
  local id, token = ARGV[i], ARGV[i + 1]
  local r = read(redis.call("HGET", KEYS.meta, id))
  if r and token ~= "" and r.token == token then accept(id, ARGV[i + 2], ARGV[i + 3]) end
end

local writes = { batch("HSET", KEYS.progress), batch("HSET", KEYS.log) }
for id, progress in pairs(latest) do add(writes[1], id, progress) end
for id, whole in pairs(logs) do add(writes[2], id, whole) end
look(writes)
send(writes)
return { stamp, heard }
