-- Whatever tells if jobs are as they should be, all of one instant: where they stand, and what is kept of them.
--
-- KEYS  ready_high ready_normal ready_low scheduled retrying blocked running completed failed cancelled spec meta errors result log progress once waiters cancels locks held
-- ARGV  now ...
-- ...   id
-- OUT   {now, standing, record or nil, spec, traces, corrupt, lock, held, ...}: seven for each id; lock is mine, none, dead (its job is), other or ""
--- @include now
--- @include record
--- @include unlock
--- @include standing

local PLACES = { KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10] }
local spec, meta, errors, locks, held = KEYS[11], KEYS[12], KEYS[13], KEYS[20], KEYS[21]
local TRACES = {
  { "errors", errors }, { "result", KEYS[14] }, { "log", KEYS[15] }, { "progress", KEYS[16] },
  { "once", KEYS[17] }, { "waiters", KEYS[18] }, { "cancels", KEYS[19] },
}

local function owner(r, id)
  if not r or r.lock == "" then return "" end
  local holder = redis.call("HGET", locks, r.lock)
  if not holder or holder == id then return holder and "mine" or "none" end
  return lives(read(redis.call("HGET", meta, holder))) and "other" or "dead"
end

local function traces(id)
  local found = ""
  for _, trace in ipairs(TRACES) do
    if redis.call("HEXISTS", trace[2], id) == 1 then found = found .. trace[1] .. "," end
  end
  return found
end

local ids, out = {}, { text(now_ms(ARGV[1])) }
for i = 2, #ARGV do ids[#ids + 1] = ARGV[i] end
if #ids == 0 then return out end
local places, records = standing(PLACES, ids), redis.call("HMGET", meta, unpack(ids))
for n, id in ipairs(ids) do
  local n_out, record, dead = #out, records[n], string.find(places[n], "^9:")
  local told = dead and redis.call("HGET", errors, id) or ""
  out[n_out + 1], out[n_out + 2] = places[n], record and string.sub(record, 1, 1024)
  out[n_out + 3], out[n_out + 4] = redis.call("HEXISTS", spec, id), traces(id)
  out[n_out + 5] = string.find(told or "", '"outcome":"corrupt"', 1, true) and 1 or 0
  out[n_out + 6] = owner(read(record), id)
  out[n_out + 7] = redis.call("ZSCORE", held, id) and 1 or 0
end
return out
