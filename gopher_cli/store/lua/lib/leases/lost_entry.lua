-- What the history says of a job that was lost: how, and who was lost beside it, in the same worker.
--- @needs now
local NAMED = 3

-- The jobs of each worker that had begun to run: a runner is called "<worker>.<number>".
local function started_by_worker(jobs)
  local started = {}
  for _, job in ipairs(jobs) do
    job.worker = string.match(job.r.token, "^[%w_.%-]*")
    job.tree = string.match(job.worker, "^(.*)%.%d+$") or job.worker
    started[job.tree] = started[job.tree] or {}
    if job.was_running then table.insert(started[job.tree], job.id) end
  end
  return started
end

local function lost_entry(job, how, started, died)
  local named, error, outcome = {}, how, died and "poison" or "lost"
  if died then error = "lost too often: this job takes its worker down; at last " .. how end
  for n = 1, math.min(#started, NAMED + 1) do
    if started[n] ~= job.id and #named < NAMED then named[#named + 1] = started[n] end
  end
  local more = #started - 1 - #named
  if #named > 0 then error = error .. "; lost beside it: " .. table.concat(named, ", ") end
  if more > 0 then error = error .. " and " .. more .. " more" end
  return stamp .. ' {"outcome":"' .. outcome .. '","error":"' .. error .. '","worker":"' .. job.worker .. '"}\n'
end
