-- Redis's own clock in ms, read once. Tests pass a number instead.
local function now_ms(given)
  if given ~= "" then return tonumber(given) end
  local time = redis.call("TIME")
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Numbers become text in one way only: never in scientific form.
local function text(number) return string.format("%.0f", number) end
