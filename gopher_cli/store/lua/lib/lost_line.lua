-- What the history says of a job that was lost: how, and who was lost beside it, in the same worker.
--- @needs now
local NAMED = 3

-- The jobs of each worker that had begun to run: a runner is called "<worker>.<number>".
local function begun_by_worker(jobs)
  local begun = {}
  for _, job in ipairs(jobs) do
    job.worker = string.match(job.r.token, "^[%w_.%-]*")
    job.tree = string.match(job.worker, "^(.*)%.%d+$") or job.worker
    begun[job.tree] = begun[job.tree] or {}
    if job.guilty then table.insert(begun[job.tree], job.id) end
  end
  return begun
end

local function lost_line(job, how, begun, died)
  local named, error, outcome = {}, how, died and "poison" or "lost"
  if died then error = "lost too often: this job takes its worker down; at last " .. how end
  for n = 1, math.min(#begun, NAMED + 1) do
    if begun[n] ~= job.id and #named < NAMED then named[#named + 1] = begun[n] end
  end
  local more = #begun - 1 - #named
  if #named > 0 then error = error .. "; lost beside it: " .. table.concat(named, ", ") end
  if more > 0 then error = error .. " and " .. more .. " more" end
  return stamp .. ' {"outcome":"' .. outcome .. '","error":"' .. error .. '","worker":"' .. job.worker .. '"}\n'
end
