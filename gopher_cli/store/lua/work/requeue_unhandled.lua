-- Jobs that stood apart, because no worker had a handler for their type, stand in their lines again: those whose
-- types are named, in the order of the line, and those that have stood there too long, whatever their type: whoever
-- takes one of these and does not know its type gives it up.
--
-- Where parts of what is kept of them are gone, all go back to their lines, and find their places anew.
--
-- KEYS  unhandled unhandled_line unhandled_types ready_high ready_normal ready_low meta
-- ARGV  now limit patience ...
-- ...   type
-- OUT   {now, id, ...}
--- @needs batch now ready_classes record unhandled_range

local found, seen, taken = {}, {}, {}

-- `rows` are ids with the scores by which they are wanted.
local function gather(rows)
  for i = 1, #rows, 2 do
    if not seen[rows[i]] then
      seen[rows[i]], found[#found + 1] = true, { id = rows[i], at = rows[i + 1] % 11e12 }
    end
  end
end

local whole = redis.call("ZCARD", KEYS.unhandled)
if whole == 0 then return { stamp } end
local late = whole == redis.call("ZCARD", KEYS.unhandled_line) and text(now - ARGV.patience) or "+inf"
for i, number in ipairs(#ARGV > 3 and redis.call("HMGET", KEYS.unhandled_types, unpack(ARGV, 4)) or {}) do
  if number and #found < 1000 then
    local from, to = unhandled_range(number)
    gather(redis.call("ZRANGEBYSCORE", KEYS.unhandled_line, from, to, "WITHSCORES", "LIMIT", 0, ARGV.limit))
  end
end
table.sort(found, function(a, b) return a.at < b.at end)
for i = 1, math.min(#found, ARGV.limit) do taken[i] = found[i].id end
for _, id in ipairs(redis.call("ZRANGEBYSCORE", KEYS.unhandled, "-inf", late, "LIMIT", 0, ARGV.limit)) do
  if #taken < tonumber(ARGV.limit) and not seen[id] then taken[#taken + 1] = id end
end
if #taken == 0 then return { stamp } end

local stood = redis.call("ZMSCORE", KEYS.unhandled, unpack(taken))
local lines = { batch("ZADD", KEYS.ready_high), batch("ZADD", KEYS.ready_normal), batch("ZADD", KEYS.ready_low) }
local out = { stamp }
for i, record in ipairs(redis.call("HMGET", KEYS.meta, unpack(taken))) do
  if stood[i] then
    local r = read(record) or blank() -- who takes it finds that it cannot be read
    add(lines[class_of(r.score)], r.score, taken[i])
    out[#out + 1] = taken[i]
  end
end
look(lines)

redis.call("ZREM", KEYS.unhandled, unpack(taken))
redis.call("ZREM", KEYS.unhandled_line, unpack(taken))
if #out - 1 == whole then redis.call("UNLINK", KEYS.unhandled_line, KEYS.unhandled_types) end
send(lines)
return out
