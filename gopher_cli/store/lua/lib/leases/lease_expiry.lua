-- Whether a leased job has begun to run: its lease ends at a whole ms then, and half a ms later while it only
-- waits in a worker. Only what had begun counts a loss when its worker vanishes.
local function has_started(expiry) return not string.find(expiry, ".5", 1, true) end

local function lease_expiry(ms, started) return started and ms or ms .. ".5" end
