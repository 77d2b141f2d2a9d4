-- Give back what a process held when it died: those that it was running count a loss, the rest do not.
-- `how` it died is a sentence without its subject.
--
-- KEYS  running meta held errors failed cancelled ready_high ready_normal ready_low locks lock_ends cancels
--       counters wake events
-- ARGV  now worker max_losses limit how ...
-- ...   id, for each job that was running
-- OUT   {now, {id, state, ...}, left}; left counts what is still held
--- @needs is_held_by now ready_classes reclaim_jobs record touch

local was_running = {}
for i = 6, #ARGV do was_running[ARGV[i]] = true end

local ids = redis.call("ZRANGE", KEYS.held, 0, ARGV.limit - 1)
if #ids == 0 then return { stamp, {}, 0 } end
local records, leased = redis.call("HMGET", KEYS.meta, unpack(ids)), redis.call("ZMSCORE", KEYS.running, unpack(ids))
local history, asked = redis.call("HMGET", KEYS.errors, unpack(ids)), redis.call("HMGET", KEYS.cancels, unpack(ids))
touch(READY, { KEYS.locks })
touch({ KEYS.failed, KEYS.cancelled, KEYS.lock_ends }, {})

local back = {}
for i, id in ipairs(ids) do
  local r = read(records[i])
  if leased[i] and is_held_by(ARGV.worker, r) then
    back[#back + 1] = { id = id, r = r, history = history[i], asked = asked[i], was_running = was_running[id] }
  end
end

redis.call("ZREM", KEYS.held, unpack(ids))
local answer = {}
for _, job in ipairs(reclaim_jobs(back, "the process that ran this job " .. ARGV.how)) do
  answer[#answer + 1], answer[#answer + 2] = job[1], job[2]
end
return { stamp, answer, redis.call("ZCARD", KEYS.held) }
