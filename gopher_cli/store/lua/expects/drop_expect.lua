-- Expect nothing under this name any more. The last success of a type that nobody expects is forgotten.
--
-- KEYS  expects last_success
-- ARGV  now name
-- OUT   {now, 1 or 0: whether there was one}
--- @needs expected now

local lines = read_expected()
if not lines[ARGV.name] then return { stamp, 0 } end
lines[ARGV.name] = nil
local cleanup = plan_cleanup(lines)

redis.call("HDEL", KEYS.expects, ARGV.name)
cleanup()
return { stamp, 1 }
