-- Expect that jobs of a type succeed so often, or expect something else under a name that there is.
--
-- A type has one last success, whoever expects it. Sent again it changes nothing, but it may bring a later success.
--
-- KEYS  expects last_success
-- ARGV  now name type every grace by seen most
-- ...   every and grace in ms; by is who declares it, as JSON; seen is a success that is known, ms
-- OUT   {now, word, last success, since when and by whom as JSON, which stay while the type does}; word is new,
--       changed, same, or full where there are `most` of them
--- @include now
--- @include expected

local lines, count = expected()
local old, head = lines[ARGV.name], ARGV.type .. ";" .. ARGV.every .. ";" .. ARGV.grace .. ";"
local word = not old and "new" or string.sub(old, 1, #head) == head and "same" or "changed"
if word == "new" and count >= tonumber(ARGV.most) then return { stamp, "full" } end

local kind, about = string.match(old or "", "^([^;]*);%d+;%d+;({.*})$")
if kind ~= ARGV.type then about = '{"created":' .. stamp .. ',"by":' .. ARGV.by .. "}" end
lines[ARGV.name] = head .. about

local known = tonumber(redis.call("HGET", KEYS.last_success, ARGV.type) or "")
local last = math.max(known or 0, tonumber(ARGV.seen))
local forget = forgetting(lines)

if word ~= "same" then redis.call("HSET", KEYS.expects, ARGV.name, head .. about) end
if last ~= known then redis.call("HSET", KEYS.last_success, ARGV.type, text(last)) end
forget()
return { stamp, word, text(last), about }
