-- Make the jobs of a tick that is due, and set the next one: once, whoever calls, however many do.
--
-- Where its last runs all ended in the dead letter queue the schedule is paused instead.
--
-- KEYS  ready_high ready_normal ready_low scheduled blocked waiters spec meta locks lock_ends failed conf
--       counters asked cancels wake events schedules ticks runs
-- ARGV  now name revision expected next last run_limit overlap pause_after why missed missed_first missed_last ...
-- ...   instant id head spec: jobs to make, oldest first; instants are in ms. `last` is the last instant that is due;
--       `missed` instants are not made up for. Without `next` the schedule is over. `why` is told of a pause
-- OUT   {now, what, id, why, ...}: what is ticked, paused, late (others have done it, or changed it) or early; why is
--       "" for a job that is made, known for one that was before, or who keeps it from running
--- @needs now schedule_end schedule_runs schedule_state submit_head

local expected = redis.call("ZSCORE", KEYS.ticks, ARGV.name)
local definition = redis.call("HGET", KEYS.schedules, ARGV.name)
if not expected or tonumber(expected) ~= tonumber(ARGV.expected) then return { stamp, "late" } end
if not definition or string.match(definition, "^(%d+);") ~= ARGV.revision then return { stamp, "late" } end
if tonumber(expected) > now then return { stamp, "early" } end

local state = read_state(redis.call("HGET", KEYS.runs, ARGV.name))
local runs, pauses = new_runs(state), has_failed(state, tonumber(ARGV.pause_after))
state.last = ARGV.last
if pauses then
  pause(state, ARGV.why)
  runs.what[1] = "paused"
else
  if tonumber(ARGV.missed) > 0 then
    state.missed = state.missed + ARGV.missed
    add_entry(state, "missed", ARGV.missed_first, ARGV.missed, ARGV.missed_last, "")
    runs.what[1] = "missed"
  end
  for i = 14, #ARGV, 4 do
    if not is_over(state) then add_run(runs, "ran", ARGV[i], ARGV[i + 1], read_head(ARGV[i + 2]), ARGV[i + 3]) end
  end
end

store_runs(runs)
if pauses or ARGV.next == "" or is_over(state) then
  redis.call("ZREM", KEYS.ticks, ARGV.name)
else
  redis.call("ZADD", KEYS.ticks, ARGV.next, ARGV.name)
end
publish_runs(runs)
return { stamp, pauses and "paused" or "ticked", unpack(runs.answer) }
