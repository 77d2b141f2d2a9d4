-- May this token end this attempt? Answers nil when it may, else why not.
local function objection(r, token, leased, state)
  if not r then return "gone" end
  if token == "" then return "stale" end
  if r.token == "!" .. token then return "again" end
  if r.token ~= token then return "stale" end
  if not leased and state ~= "completed" then return "stale" end
end
