-- Whether this token may end this attempt, and else why not: gone, stale or again.
-- One that was lost ("?") may still succeed, while nobody newer has the job.
local function may_settle(r, token, state)
  if not r then return false, "gone" end
  if token == "" or string.find(token, "^[!?]") then return false, "stale" end
  if r.token == "!" .. token then return false, "again" end
  if r.token ~= token and not (state == "completed" and r.token == "?" .. token) then return false, "stale" end
  return true
end
