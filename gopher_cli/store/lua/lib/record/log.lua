-- A log: its first and its last lines, and between them one that counts the bytes that were dropped.
local function append_log(log, addition, limit)
  local whole = log .. addition
  if #whole <= limit then return whole end
  local head = string.match(string.sub(whole, 1, limit / 2), "^.*\n") or ""
  local tail = string.sub(whole, 128 - limit / 2)
  tail = string.sub(tail, (string.find(tail, "\n", 1, true) or 0) + 1)
  local middle = string.sub(whole, #head + 1, #whole - #tail)
  local lost, SUFFIX, at = #middle, " bytes dropped)\n", 1
  while true do -- what such a line in the middle has counted, counts here
    local from, to = string.find(middle, SUFFIX, at, true)
    if not from then break end
    local line, count = string.match(string.sub(middle, math.max(1, from - 40), from - 1), "(%d+ %((%d+))$")
    if count then lost = lost - #line - #SUFFIX + tonumber(count) end
    at = to + 1
  end
  local stamp = string.match(string.sub(middle, 1, 13), "^%d+$") or "0"
  return head .. stamp .. string.format(" (%.0f", lost) .. SUFFIX .. tail
end
