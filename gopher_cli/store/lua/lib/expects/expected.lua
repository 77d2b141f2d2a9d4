-- What is expected of a queue, by name: "type;every;grace;since;JSON", all in ms. For each type that is expected
-- `last_success` knows when a job of it has succeeded, "0" before the first; settlements write it only there.
local function read_expected()
  local flat, lines = redis.call("HGETALL", KEYS.expects), {}
  for i = 1, #flat, 2 do lines[flat[i]] = flat[i + 1] end
  return lines, #flat / 2
end

-- A function that forgets the types which none of these lines names. Their last success is looked at first.
local function plan_cleanup(lines)
  local named, batch = {}, { "HDEL", KEYS.last_success }
  for _, line in pairs(lines) do named[string.match(line, "^[^;]*")] = true end
  for _, kind in ipairs(redis.call("HKEYS", KEYS.last_success)) do
    if not named[kind] then batch[#batch + 1] = kind end
  end
  return function() if #batch > 2 then redis.call(unpack(batch)) end end
end
