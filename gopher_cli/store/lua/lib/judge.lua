-- May this token end this attempt? Answers nil when it may, else why not.
-- One that was lost ("?") may still succeed, while nobody newer has the job.
local function objection(r, token, state)
  if not r then return "gone" end
  if token == "" or string.find(token, "^[!?]") then return "stale" end
  if r.token == "!" .. token then return "again" end
  if r.token ~= token and not (state == "completed" and r.token == "?" .. token) then return "stale" end
end
