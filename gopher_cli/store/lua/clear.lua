-- Take away what belongs to no job, or no longer to it: each thing only if that is so at this instant.
--
-- Who waits for a job that has completed is freed.
--
-- KEYS  ready_high ready_normal ready_low scheduled retrying blocked running completed failed cancelled spec meta errors result log progress once waiters cancels locks lock_ends held wake events
-- ARGV  now act holder ...
-- ...   kind name: trace (a job), lock or end (of a unique key), held (a job in the hands of `holder`); without `act` nothing is taken
-- OUT   {now, from, name, ...}: what was taken, or would be
--- @include now
--- @include record
--- @include touch
--- @include unlock
--- @include standing
--- @include classes
--- @include unblock
--- @include wake
--- @include tell

local PLACES = { KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10] }
local READY, scheduled, blocked, wake, events = { KEYS[1], KEYS[2], KEYS[3] }, KEYS[4], KEYS[6], KEYS[23], KEYS[24]
local spec, meta, result, waiters, cancels, locks = KEYS[11], KEYS[12], KEYS[14], KEYS[18], KEYS[19], KEYS[20]
local HASHES = { errors = KEYS[13], result = result, log = KEYS[15], progress = KEYS[16], once = KEYS[17], waiters = waiters, cancels = cancels, lock = locks }
local ZSETS = { ["end"] = KEYS[21], held = KEYS[22] }
local now, traced, kinds, act, holder, done = now_ms(ARGV[1]), {}, {}, ARGV[2], ARGV[3], {}
local out = { text(now) }

local function take(from, name) out[#out + 1], out[#out + 2] = from, name end
local function is_in(where, place) return string.find("," .. where, "," .. place .. ":", 1, true) end

function kinds.trace(id) traced[#traced + 1] = id end
function kinds.lock(lock)
  local id = redis.call("HGET", locks, lock)
  local lasts = redis.call("ZSCORE", ZSETS["end"], lock)
  if id and not lasts and not lives(read(redis.call("HGET", meta, id))) then take("lock", lock) end
end
kinds["end"] = function(lock)
  if redis.call("ZSCORE", ZSETS["end"], lock) and redis.call("HEXISTS", locks, lock) == 0 then take("end", lock) end
end
function kinds.held(id)
  local r = redis.call("ZSCORE", KEYS[7], id) and read(redis.call("HGET", meta, id))
  if not r or string.sub(r.token, 1, #holder + 1) ~= holder .. ":" then take("held", id) end
end
for i = 4, #ARGV, 2 do kinds[ARGV[i]](ARGV[i + 1]) end

local places = standing(PLACES, traced)
for n, id in ipairs(traced) do
  local gone = places[n] == "" and redis.call("HEXISTS", meta, id) + redis.call("HEXISTS", spec, id) == 0
  for name, key in pairs(HASHES) do
    local over = gone or name == "result" and not is_in(places[n], 8)
      or name == "cancels" and not is_in(places[n], 7) or name == "waiters" and is_in(places[n], 8)
    if over and name ~= "lock" and redis.call("HEXISTS", key, id) == 1 then
      take(name, id)
      if name == "waiters" and not gone then done[#done + 1] = id end
    end
  end
end
if act ~= "1" then return out end

for _, key in pairs(HASHES) do touch({}, { key }) end
touch({ ZSETS["end"], ZSETS.held }, { meta })
local children = children_of(done, waiters, blocked, READY, scheduled)
for i = 2, #out, 2 do
  if ZSETS[out[i]] then redis.call("ZREM", ZSETS[out[i]], out[i + 1]) else redis.call("HDEL", HASHES[out[i]], out[i + 1]) end
end
local freed = { enqueued = {}, scheduled = {} }
if unblock(children, waiters, blocked, meta, READY, scheduled, now, freed) then wake_one(wake) end
if hears(events) then tell(events, { "enqueued", freed.enqueued, "scheduled", freed.scheduled }) end
return out
