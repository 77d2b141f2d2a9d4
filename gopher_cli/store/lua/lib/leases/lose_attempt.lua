-- An attempt whose holder vanished: unspent, and the job dead after too many of them. It has been ready all the time.
-- Answers whether it died of it.
local function lose_attempt(r, was_running)
  r.attempts = math.max(r.attempts - 1, 0)
  r.token = "?" .. r.token
  if was_running then r.losses = r.losses + 1 end
  return was_running and r.losses >= tonumber(ARGV.max_losses) or false
end
