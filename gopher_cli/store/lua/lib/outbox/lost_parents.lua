-- Why a follow-up is dead when it comes: what it waits for is lost, or nobody has seen it.
-- It was there when the parent of the follow-up completed: gone now, it has completed unless a note says otherwise.
--- @needs now
local function failed_entry(why) return stamp .. ' {"attempt":0,"outcome":"failed","error":"' .. why .. '"}\n' end

local function lost_parent_entry(job)
  local head = job.head
  if not head.missing then return "" end
  if job.unsure then return failed_entry("it waits for " .. head.missing .. ", which is not in this queue") end
  for parent in string.gmatch(head.after, "[^,]+") do
    local gone = not head.siblings[parent] and redis.call("HEXISTS", KEYS.meta, parent) == 0
    if gone and tonumber(redis.call("ZSCORE", KEYS.awaited, parent) or 0) < 0 then
      return failed_entry("it waits for " .. parent .. ", which was cancelled or deleted")
    end
  end
  return ""
end
