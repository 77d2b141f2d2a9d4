-- An attempt whose holder vanished: unspent, and the job dead after too many of them.
-- Answers whether it died of it.
local function lose(r, guilty)
  r.attempts = math.max(r.attempts - 1, 0)
  r.ready_at, r.token = stamp, "?" .. r.token
  if guilty then r.losses = r.losses + 1 end
  return guilty and r.losses >= tonumber(ARGV.max_losses) or false
end
