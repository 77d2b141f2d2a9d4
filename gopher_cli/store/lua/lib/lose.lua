-- An attempt whose holder vanished: unspent, back to its place in line, or dead after too many losses.
-- Answers whether the job died of it.
local function lose(r, now, max_losses, guilty)
  r.attempts = math.max(r.attempts - 1, 0)
  r.ready_at = text(now)
  if guilty then r.losses = r.losses + 1 end
  local died = guilty and r.losses >= max_losses
  if died then r.finished = text(now) end
  return died
end

local function lost_line(now, worker, died)
  local outcome = died and '"poison","error":"lost too often: this job takes its worker down"' or '"lost","error":"the process that ran this job vanished"'
  return text(now) .. ' {"outcome":' .. outcome .. ',"worker":"' .. worker .. '"}\n'
end
