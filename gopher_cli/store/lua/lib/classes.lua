-- Which of the three ready lines a job stands in, by its score: (10 - priority) * 1e13 + sequence.
local function class_of(score)
  score = tonumber(score)
  if score < 4e13 then return 1 end
  if score < 7e13 then return 2 end
  return 3
end
