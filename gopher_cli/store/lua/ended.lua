-- How jobs have ended that follow-ups wait for, which are still in an outbox.
--
-- KEYS  completed cancelled meta awaited
-- ARGV  now ...
-- ...   id
-- OUT   {now, word, ...}: for each id waiting, completed (it may be gone since), lost (cancelled, or deleted before
--       it had completed), or unknown
--- @include now

local function word_of(id)
  if redis.call("HEXISTS", KEYS.meta, id) == 1 then
    return redis.call("ZSCORE", KEYS.completed, id) and "completed"
      or redis.call("ZSCORE", KEYS.cancelled, id) and "lost" or "waiting"
  end
  local note = redis.call("ZSCORE", KEYS.awaited, id)
  return not note and "unknown" or tonumber(note) < 0 and "lost" or "completed"
end

local out = { stamp }
for i = 2, #ARGV do out[#out + 1] = word_of(ARGV[i]) end
return out
