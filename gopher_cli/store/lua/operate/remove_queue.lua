-- Take a queue away that has no job, with all that is remembered of it: pause, counters, charts, unique keys.
--
-- Not while it remembers what other queues have brought here: that would be accepted again. Nor while something is
-- expected of it: a queue that has come to be empty is just what somebody wants to hear of.
--
-- KEYS  ready_high ready_normal ready_low scheduled retrying blocked running completed failed cancelled unhandled
--       outbox carried awaited spec meta result errors log progress once locks lock_ends waiters cancels asked wake
--       conf counters cells samples batches unhandled_line unhandled_types schedules ticks runs
--       expects last_success
-- ARGV  now
-- OUT   {now, jobs, jobs on their way to other queues, remembered, schedules, expects}; it is gone where these are 0
--- @needs now places

local jobs = 0
for _, place in ipairs(PLACES) do jobs = jobs + redis.call("ZCARD", place) end
local sent, remembered = redis.call("HLEN", KEYS.outbox), 0
for _, key in ipairs({ KEYS.carried, KEYS.awaited }) do
  remembered = remembered + redis.call("ZCOUNT", key, stamp, "+inf")
  remembered = remembered + redis.call("ZCOUNT", key, "-inf", "-" .. stamp)
end

local planned, expected = redis.call("HLEN", KEYS.schedules), redis.call("HLEN", KEYS.expects)
local rest = {
  KEYS.outbox, KEYS.carried, KEYS.awaited, KEYS.spec, KEYS.meta, KEYS.result, KEYS.errors, KEYS.log, KEYS.progress,
  KEYS.once, KEYS.locks, KEYS.lock_ends, KEYS.waiters, KEYS.cancels, KEYS.asked, KEYS.wake, KEYS.conf, KEYS.counters,
  KEYS.cells, KEYS.samples, KEYS.batches, KEYS.unhandled_line, KEYS.unhandled_types,
  KEYS.schedules, KEYS.ticks, KEYS.runs, KEYS.expects, KEYS.last_success,
}
redis.call("EXISTS", unpack(rest))
if jobs + sent + remembered + planned + expected == 0 then
  redis.call("UNLINK", unpack(rest))
end
return { stamp, jobs, sent, remembered, planned, expected }
