-- Run a schedule now, by hand: its ticks stay as they are, and its overlap counts.
--
-- KEYS  ready_high ready_normal ready_low scheduled blocked waiters spec meta locks lock_ends conf counters
--       asked cancels wake events schedules ticks runs
-- ARGV  now name revision overlap id head spec
-- OUT   {now, why}: "" when the job is made, known when it was before, late when the schedule was changed meanwhile,
--       else who keeps it from running
--- @needs now schedule_runs schedule_state submit_head

local definition = redis.call("HGET", KEYS.schedules, ARGV.name)
if not definition or string.match(definition, "^(%d+);") ~= ARGV.revision then return { stamp, "late" } end

local runs = new_runs(read_state(redis.call("HGET", KEYS.runs, ARGV.name)))
add_run(runs, "manual", stamp, ARGV.id, read_head(ARGV.head), ARGV.spec)
store_runs(runs)
publish_runs(runs)
return { stamp, runs.answer[2] }
