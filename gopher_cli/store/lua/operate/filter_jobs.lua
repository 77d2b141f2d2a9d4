-- The next jobs of a part of a place, in its order, without those that a filter cannot mean: of a rare type only few of
-- many jobs travel. Whoever asks looks at these himself.
--
-- KEYS  place spec meta
-- ARGV  now newest low high after score skip limit part head ...
-- ...   texts that the spec of such a job has in it; head is how it begins, and part stands in its id. newest is 1, or
--       empty for the oldest first. It goes on behind the job `after` of that score, or else behind `skip` jobs
-- OUT   {now, how many were looked at (-1: `after` has gone), id and score of the first and of the last of them,
--       id, score, record, ...}
--- @needs now

local newest, head, part, skip = ARGV.newest == "1", ARGV.head, ARGV.part, tonumber(ARGV.skip)

if ARGV.after ~= "" then
  local at = redis.call("ZSCORE", KEYS.place, ARGV.after)
  if not at or tonumber(at) ~= tonumber(ARGV.score) then return { stamp, -1 } end
  local rank = redis.call(newest and "ZREVRANK" or "ZRANK", KEYS.place, ARGV.after)
  local low, high = newest and "(" .. ARGV.score or "-inf", newest and "+inf" or "(" .. ARGV.score
  skip = rank - redis.call("ZCOUNT", KEYS.place, low, high) + 1
end

local first, last = newest and ARGV.high or ARGV.low, newest and ARGV.low or ARGV.high
local command = newest and "ZREVRANGEBYSCORE" or "ZRANGEBYSCORE"
local read = redis.call(command, KEYS.place, first, last, "LIMIT", skip, ARGV.limit)
if #read == 0 then return { stamp, 0 } end

local ids = read
if part ~= "" then
  ids = {}
  for _, id in ipairs(read) do
    if string.find(id, part, 1, true) then ids[#ids + 1] = id end
  end
end

local function has(spec)
  if not spec or string.sub(spec, 1, #head) ~= head then return false end
  for i = 11, #ARGV do
    if not string.find(spec, ARGV[i], 1, true) then return false end
  end
  return true
end

local function score_of(id) return redis.call("ZSCORE", KEYS.place, id) end

local out = { stamp, #read, read[1], score_of(read[1]), read[#read], score_of(read[#read]) }
local specs = #ids > 0 and (head ~= "" or #ARGV > 10) and redis.call("HMGET", KEYS.spec, unpack(ids))
for i, id in ipairs(ids) do
  if not specs or has(specs[i]) then
    out[#out + 1], out[#out + 2], out[#out + 3] = id, score_of(id), redis.call("HGET", KEYS.meta, id) or ""
  end
end
return out
