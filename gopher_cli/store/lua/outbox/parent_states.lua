-- How jobs have ended that follow-ups wait for, which are still in an outbox.
--
-- An entry that is still in the outbox is asked for by its name, and speaks for its job only once it was brought here:
-- before, a job of this id is another one. What is remembered of it is renewed, for it is remembered for a time only.
--
-- KEYS  completed cancelled meta awaited carried
-- ARGV  now keep let_go ...
-- ...   id, or the name of an entry; let_go is how long those are remembered that the outbox has let go, in ms
-- OUT   {now, word, ...}: for each id waiting, completed (it may be gone since), lost (cancelled, or deleted before
--       it had completed), or unknown
--- @needs batch now

local marks, notes = batch("ZADD", KEYS.carried), batch("ZADD", KEYS.awaited)
local keep = text(now + ARGV.keep)

local function word_of(id, brought)
  if redis.call("HEXISTS", KEYS.meta, id) == 1 then
    return redis.call("ZSCORE", KEYS.completed, id) and "completed"
      or redis.call("ZSCORE", KEYS.cancelled, id) and "lost" or "waiting"
  end
  local note = tonumber(redis.call("ZSCORE", KEYS.awaited, id) or 0)
  -- The note goes when one outbox has no more need of it; that of a lost job stays, for another may have.
  return note < 0 and "lost" or (note > 0 or brought) and "completed" or "unknown"
end

local function renew(name, id, mark)
  local left = mark - now
  if left <= tonumber(ARGV.let_go) or left > ARGV.keep / 2 then return end
  add(marks, keep, name)
  local note = tonumber(redis.call("ZSCORE", KEYS.awaited, id) or 0)
  if note ~= 0 then add(notes, (note < 0 and "-" or "") .. keep, id) end
end

local out = { stamp }
for i = 4, #ARGV do
  local id, nonce = string.match(ARGV[i], "^(%S+)( ?)")
  local mark = nonce ~= "" and tonumber(redis.call("ZSCORE", KEYS.carried, ARGV[i]) or 0)
  if mark and mark <= 0 then
    out[#out + 1] = "unknown"
  else
    out[#out + 1] = word_of(id, mark)
    if mark then renew(ARGV[i], id, mark) end
  end
end
look({ marks, notes })
send({ marks, notes })
return out
