-- Of jobs that end otherwise than well it is noted, if follow-ups in an outbox wait for them (parent_states.lua).
--- @needs now
local function mark_lost(ids)
  if #ids == 0 or redis.call("EXISTS", KEYS.awaited) == 0 then return end
  for i, note in ipairs(redis.call("ZMSCORE", KEYS.awaited, unpack(ids))) do
    if note and tonumber(note) > 0 then redis.call("ZADD", KEYS.awaited, "-" .. text(tonumber(note)), ids[i]) end
  end
end
