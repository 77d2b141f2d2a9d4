-- Whatever tells if jobs are as they should be, all of one instant: where they stand, and what is kept of them.
--
-- KEYS  ready_high ready_normal ready_low scheduled retrying blocked running completed failed cancelled unhandled
--       spec meta errors result log progress once waiters cancels locks held
-- ARGV  now ...
-- ...   id
-- OUT   {now, standing, record or nil, spec, traces, corrupt, lock, held, ...}: seven for each id;
--       lock is mine, none, dead (its job is), other or ""
--- @needs is_live now places positions record

local TRACES = {
  { "errors", KEYS.errors }, { "result", KEYS.result }, { "log", KEYS.log }, { "progress", KEYS.progress },
  { "once", KEYS.once }, { "waiters", KEYS.waiters }, { "cancels", KEYS.cancels },
}

local function owner(r, id)
  if not r or r.lock == "" then return "" end
  local holder = redis.call("HGET", KEYS.locks, r.lock)
  if not holder or holder == id then return holder and "mine" or "none" end
  return is_live(read(redis.call("HGET", KEYS.meta, holder))) and "other" or "dead"
end

local function traces(id)
  local names = ""
  for _, trace in ipairs(TRACES) do
    if redis.call("HEXISTS", trace[2], id) == 1 then names = names .. trace[1] .. "," end
  end
  return names
end

local function corrupt(id, stands)
  local errors = string.find(stands, "^" .. FAILED .. ":") and redis.call("HGET", KEYS.errors, id)
  return string.find(errors or "", '"outcome":"corrupt"', 1, true) and 1 or 0
end

local ids, out = {}, { stamp }
for i = 2, #ARGV do ids[#ids + 1] = ARGV[i] end
if #ids == 0 then return out end

local places, records = positions(ids), redis.call("HMGET", KEYS.meta, unpack(ids))
for n, id in ipairs(ids) do
  local at, record = #out, records[n]
  out[at + 1], out[at + 2] = places[n], record and string.sub(record, 1, 1024)
  out[at + 3], out[at + 4] = redis.call("HEXISTS", KEYS.spec, id), traces(id)
  out[at + 5], out[at + 6] = corrupt(id, places[n]), owner(read(record), id)
  out[at + 7] = redis.call("ZSCORE", KEYS.held, id) and 1 or 0
end
return out
