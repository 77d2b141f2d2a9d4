-- Take back the jobs of dead workers. Two strikes: only a lease that the caller saw expired, with the
-- same expiry, one look ago; so a clock that jumps takes nothing from a living worker.
--
-- KEYS  running meta errors failed cancelled ready_high ready_normal ready_low locks lock_ends cancels
--       counters wake events
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

local suspects, back, suspected, corrupt = {}, {}, {}, {}
for i = 5, #ARGV, 2 do suspects[ARGV[i]] = ARGV[i + 1] end

local function strike(id, expiry)
  if suspects[id] ~= expiry then
    suspected[#suspected + 1], suspected[#suspected + 2] = id, expiry
    return
  end
  local raw = redis.call("HGET", KEYS.meta, id)
  local r = read(raw)
  if r then
    local told, asked = redis.call("HGET", KEYS.errors, id), redis.call("HGET", KEYS.cancels, id)
    back[#back + 1] = { id = id, r = r, told = told, asked = asked, guilty = true }
  else
    corrupt[#corrupt + 1] = { id, raw }
  end
end

local expired = redis.call("ZRANGEBYSCORE", KEYS.running, "-inf", stamp, "WITHSCORES", "LIMIT", 0, ARGV.limit)
for i = 1, #expired, 2 do strike(expired[i], expired[i + 1]) end

-- A lease further ahead than any can be: the clock went back. It is cut to what a lease may last.
local too_far, cut = text(now + 2 * ARGV.max_lease), batch("ZADD", KEYS.running)
local ahead = redis.call("ZRANGEBYSCORE", KEYS.running, too_far, "+inf", "LIMIT", 0, ARGV.limit)
for _, id in ipairs(ahead) do add(cut, text(now + ARGV.max_lease), id) end
if #back + #corrupt > 0 then
  touch(READY, { KEYS.meta, KEYS.errors, KEYS.locks, KEYS.cancels })
  touch({ KEYS.failed, KEYS.cancelled, KEYS.lock_ends }, {})
end

if #ahead > 0 then redis.call("ZREM", KEYS.running, unpack(ahead)) end
send({ cut })
for _, job in ipairs(corrupt) do
  redis.call("ZREM", KEYS.running, job[1])
  redis.call("HDEL", KEYS.cancels, job[1])
  quarantine(job[1], job[2])
end
if #corrupt > 0 and is_watched() then tell({ "failed", each(corrupt, 1) }) end

local answer = {}
for _, job in ipairs(take_back(back)) do
  for _, value in ipairs(job) do answer[#answer + 1] = value end
end
return { stamp, answer, suspected }
