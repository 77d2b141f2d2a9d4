-- What its attempt makes of a job: the record is changed, the state answered.
-- A job that was asked to stop ends as cancelled unless it has come to an end of its own.
-- One that has ended without a loss takes the losses back to 0: they are to be in a row. What was only handed
-- back has not run at all.
--- @needs lose_attempt ready_since
local function resulting_state(r, group, asked, run_us)
  local state = group.state
  if group.lost == "1" then
    if lose_attempt(r, true) then return "failed" end
  elseif group.spent == "0" then
    r.attempts = math.max(r.attempts - 1, 0)
  end
  if asked and state ~= "completed" and state ~= "failed" then return "cancelled" end
  if state == "retrying" or state == "scheduled" and tonumber(run_us) > 0 then r.losses = 0 end
  return state
end

-- From when the job could run until it ran, ms.
local function wait_ms(r) return math.max(0, (tonumber(r.started) or 0) - ready_since(r)) end
