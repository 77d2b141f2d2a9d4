-- The moment, in ms, and its text: by Redis's own clock, read once. Tests pass a number instead.
local time = ARGV.now == "" and redis.call("TIME")
local now = time and time[1] * 1000 + math.floor(time[2] / 1000) or tonumber(ARGV.now)

-- Numbers become text in one way only: never in scientific form.
local function text(number) return string.format("%.0f", number) end

local stamp = text(now)
