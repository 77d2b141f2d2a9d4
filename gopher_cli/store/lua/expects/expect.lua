-- Expect that jobs of a type succeed so often, or expect something else under a name that there is.
--
-- A type has one last success, whoever expects it. Sent again it changes nothing, but it may bring a later success,
-- and cuts one that is yet to come, because a clock was ahead.
--
-- KEYS  expects last_success
-- ARGV  now name type every grace about seen most
-- ...   every and grace in ms; about is JSON; seen is a success that is known, ms
-- OUT   {now, word, last success, since when, about}: the last two stay while the type does; word is new, changed,
--       same, or full where there are `most` of them
--- @needs expected now

local lines, count = read_expected()
local old = lines[ARGV.name]
if not old and count >= tonumber(ARGV.most) then return { stamp, "full" } end

local kind, since, about = string.match(old or "", "^([^;]*);%d+;%d+;(%d+);(.*)$")
if kind ~= ARGV.type or tonumber(since) > now then since, about = stamp, ARGV.about end
local line = table.concat({ ARGV.type, ARGV.every, ARGV.grace, since, about }, ";")
local word = not old and "new" or old == line and "same" or "changed"
lines[ARGV.name] = line

local known = tonumber(redis.call("HGET", KEYS.last_success, ARGV.type) or "")
local last = math.min(math.max(known or 0, tonumber(ARGV.seen)), now)
local cleanup = plan_cleanup(lines)

if word ~= "same" then redis.call("HSET", KEYS.expects, ARGV.name, line) end
if last ~= known then redis.call("HSET", KEYS.last_success, ARGV.type, text(last)) end
cleanup()
return { stamp, word, text(last), since, about }
