-- Take away what belongs to no job, or no longer to it: each thing only if that is so at this instant.
--
-- Who waits for a job that has completed is freed.
--
-- KEYS  ready_high ready_normal ready_low scheduled retrying blocked running completed failed cancelled unhandled
--       spec meta errors result log progress once waiters cancels locks lock_ends held wake events
-- ARGV  now act holder ...
-- ...   kind name: trace (a job), lock or end (of a unique key), held (a job in the hands of `holder`);
--       without `act` nothing is taken
-- OUT   {now, from, name, ...}: what was taken, or would be
--- @needs notify now orphans positions publish touch unblock

local out, traced, done = { stamp }, {}, {}

local function take(from, name) out[#out + 1], out[#out + 2] = from, name end

for i = 4, #ARGV, 2 do
  local kind, name = ARGV[i], ARGV[i + 1]
  if kind == "trace" then
    traced[#traced + 1] = name
  elseif is_orphan[kind](name) then
    take(kind, name)
  end
end
for n, stands in ipairs(positions(traced)) do
  local id, gone = traced[n], is_unknown(traced[n], stands)
  for name, key in pairs(HASHES) do
    if name ~= "lock" and (gone or is_stale(name, stands)) and redis.call("HEXISTS", key, id) == 1 then
      take(name, id)
      if name == "waiters" and not gone then done[#done + 1] = id end
    end
  end
end
if ARGV.act ~= "1" then return out end

for _, key in pairs(HASHES) do touch({}, { key }) end
touch({ KEYS.lock_ends, KEYS.held }, { KEYS.meta })
local children = children_of(done)
for i = 2, #out, 2 do
  local from, name = out[i], out[i + 1]
  if ZSETS[from] then redis.call("ZREM", ZSETS[from], name) else redis.call("HDEL", HASHES[from], name) end
end
local freed = unblock(children)
if #freed.enqueued > 0 then notify_worker() end
if is_watched() then publish({ "enqueued", freed.enqueued, "scheduled", freed.scheduled }) end
return out
