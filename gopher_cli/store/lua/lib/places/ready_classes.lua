-- The three ready lines, and in which of them a job stands, by its score: (10 - priority) * 1e13 + sequence.
local READY = { KEYS.ready_high, KEYS.ready_normal, KEYS.ready_low }

local function class_of(score)
  score = tonumber(score)
  if score < 4e13 then return 1 end
  if score < 7e13 then return 2 end
  return 3
end
