-- Whether a schedule goes on.
local function is_over(s) return tonumber(ARGV.run_limit) > 0 and s.ran >= tonumber(ARGV.run_limit) end

-- Whether its last `most` runs are all dead, since somebody has let it go on.
local function has_failed(s, most)
  local count = 0
  for outcome, id in string.gmatch(s.history, "[^;\n]*;(%a+);%d+;%d*;%d+;([^\n]*)\n") do
    if outcome == "resumed" or count == most then break end
    if outcome == "ran" or outcome == "manual" then
      if not redis.call("ZSCORE", KEYS.failed, id) then return false end
      count = count + 1
    end
  end
  return most > 0 and count == most
end
