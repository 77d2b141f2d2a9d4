-- Give back what a process held when it died: those that it was running count a loss, the rest do not.
--
-- KEYS  running meta held errors failed cancelled ready_high ready_normal ready_low locks lock_ends cancels counters wake events
-- ARGV  now worker max_losses limit ...
-- ...   id, for each job that was running
-- OUT   {now, {id, state, ...}, left}; left counts what is still held
--- @include now
--- @include record
--- @include touch
--- @include tally
--- @include classes
--- @include wake
--- @include append
--- @include lose
--- @include unlock
--- @include tell
--- @include take_back

local running, meta, held, errors, failed, cancelled = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local READY, locks, lock_ends = { KEYS[7], KEYS[8], KEYS[9] }, KEYS[10], KEYS[11]
local cancels, counters, wake, events = KEYS[12], KEYS[13], KEYS[14], KEYS[15]
local now, worker, max_losses, guilty = now_ms(ARGV[1]), ARGV[2], tonumber(ARGV[3]), {}
for i = 5, #ARGV do guilty[ARGV[i]] = true end

local ids = redis.call("ZRANGE", held, 0, ARGV[4] - 1)
if #ids == 0 then return { text(now), {}, 0 } end
local records, leased = redis.call("HMGET", meta, unpack(ids)), redis.call("ZMSCORE", running, unpack(ids))
local told, asked = redis.call("HMGET", errors, unpack(ids)), redis.call("HMGET", cancels, unpack(ids))
touch({ READY[1], READY[2], READY[3], failed, cancelled, lock_ends }, { locks })
local back = {}
for i, id in ipairs(ids) do
  local r = read(records[i])
  if r and leased[i] and string.sub(r.token, 1, #worker + 1) == worker .. ":" then
    back[#back + 1] = { id = id, r = r, told = told[i], asked = asked[i], guilty = guilty[id] }
  end
end

redis.call("ZREM", held, unpack(ids))
local keys = {
  running = running, meta = meta, errors = errors, failed = failed, cancelled = cancelled, ready = READY,
  locks = locks, lock_ends = lock_ends, cancels = cancels, counters = counters, wake = wake, events = events,
}
local answer = {}
for _, job in ipairs(take_back(back, keys, now, max_losses)) do
  answer[#answer + 1], answer[#answer + 2] = job[1], job[2]
end
return { text(now), answer, redis.call("ZCARD", held) }
