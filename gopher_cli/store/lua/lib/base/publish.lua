-- What has happened, for those who watch: one entry for each state, with all jobs that have come to it.
-- The stream is there only while somebody watches, and publishing never stops the work. It is capped: fewer
-- entries when they are large. Up to the cap it also grows where memory is full, as whatever a script does
-- once it was let in: the stream of a watched queue takes up to some 40 MB.
local function is_watched() return redis.call("EXISTS", KEYS.events) == 1 end

-- `news` is {state, {id, ...}, state, {id, ...}, ...}, in the order in which it came about.
local function publish(news)
  for i = 1, #news, 2 do
    local state, ids = news[i], news[i + 1]
    local most = #ids > 50 and "2000" or "10000"
    if #ids > 0 then redis.pcall("XADD", KEYS.events, "MAXLEN", "~", most, "*", state, table.concat(ids, " ")) end
  end
end

-- The ids in batches of ZADD (lib/base/batch.lua).
local function ids_of(...)
  local ids = {}
  for _, writes in ipairs({ ... }) do
    for i = 4, #writes, 2 do ids[#ids + 1] = writes[i] end
  end
  return ids
end

-- One part of each: the ids of planned jobs.
local function pluck(jobs, part)
  local ids = {}
  for i, job in ipairs(jobs) do ids[i] = job[part] end
  return ids
end
