-- Which of these commands Redis would refuse to us in a script. A server that cannot tell names none.
--
-- KEYS  meta
-- ARGV  now ...
-- ...   command
-- OUT   {now, command, ...}: those that are refused
--- @include now

local meta, out = KEYS[1], { text(now_ms(ARGV[1])) }
for i = 2, #ARGV do
  local told, allowed = true, true
  if redis.acl_check_cmd then told, allowed = pcall(redis.acl_check_cmd, ARGV[i], meta) end
  if told and not allowed then out[#out + 1] = ARGV[i] end
end
return out
