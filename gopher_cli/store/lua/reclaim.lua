-- Take back the jobs of dead workers. Two strikes: only a lease that the caller saw expired, with the
-- same expiry, one look ago; so a clock that jumps takes nothing from a living worker.
--
-- KEYS  running meta errors failed cancelled ready_high ready_normal ready_low locks lock_ends cancels counters wake events
-- ARGV  now limit max_losses max_lease ...
-- ...   id expiry, for each suspect of the last look
-- OUT   {now, {id, state, worker, ...}, {suspect id, expiry, ...}}
--- @include now
--- @include record
--- @include batch
--- @include touch
--- @include tally
--- @include classes
--- @include wake
--- @include append
--- @include lose
--- @include unlock
--- @include quarantine
--- @include tell
--- @include take_back

local running, meta, errors, failed, cancelled = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local READY, locks, lock_ends = { KEYS[6], KEYS[7], KEYS[8] }, KEYS[9], KEYS[10]
local cancels, counters, wake, events = KEYS[11], KEYS[12], KEYS[13], KEYS[14]
local now, limit, max_losses, max_lease = now_ms(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local suspects = {}
for i = 5, #ARGV, 2 do suspects[ARGV[i]] = ARGV[i + 1] end

local expired = redis.call("ZRANGEBYSCORE", running, "-inf", text(now), "WITHSCORES", "LIMIT", 0, limit)
local back, suspected, corrupt = {}, {}, {}
for i = 1, #expired, 2 do
  local id, expiry = expired[i], expired[i + 1]
  local raw = suspects[id] == expiry and redis.call("HGET", meta, id)
  local r = read(raw)
  if suspects[id] ~= expiry then
    suspected[#suspected + 1], suspected[#suspected + 2] = id, expiry
  elseif r then
    back[#back + 1] = { id = id, r = r, told = redis.call("HGET", errors, id), asked = redis.call("HGET", cancels, id), guilty = true }
  else
    corrupt[#corrupt + 1] = { id, raw }
  end
end
-- A lease further ahead than any can be: the clock went back. It is cut to what a lease may last.
local ahead, cut = redis.call("ZRANGEBYSCORE", running, text(now + 2 * max_lease), "+inf", "LIMIT", 0, limit), batch("ZADD", running)
for _, id in ipairs(ahead) do add(cut, text(now + max_lease), id) end
if #back + #corrupt > 0 then touch({ READY[1], READY[2], READY[3], failed, cancelled, lock_ends }, { meta, errors, locks, cancels }) end

if #ahead > 0 then redis.call("ZREM", running, unpack(ahead)) end
send({ cut })
local keys = {
  running = running, meta = meta, errors = errors, failed = failed, cancelled = cancelled, ready = READY,
  locks = locks, lock_ends = lock_ends, cancels = cancels, counters = counters, wake = wake, events = events,
}
for _, job in ipairs(corrupt) do
  redis.call("ZREM", running, job[1])
  redis.call("HDEL", cancels, job[1])
  quarantine(job[1], job[2], now, keys)
end
if #corrupt > 0 and hears(events) then tell(events, { "failed", each(corrupt, 1) }) end
local answer = {}
for _, job in ipairs(take_back(back, keys, now, max_losses)) do
  for _, value in ipairs(job) do answer[#answer + 1] = value end
end
return { text(now), answer, suspected }
