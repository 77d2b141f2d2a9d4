-- Which of these commands Redis would refuse to us in a script. A server that cannot tell names none.
--
-- KEYS  meta
-- ARGV  now ...
-- ...   command
-- OUT   {now, command, ...}: those that are refused
--- @needs now

local out = { stamp }
for i = 2, #ARGV do
  local known, allowed = true, true
  if redis.acl_check_cmd then known, allowed = pcall(redis.acl_check_cmd, ARGV[i], KEYS.meta) end
  if known and not allowed then out[#out + 1] = ARGV[i] end
end
return out
