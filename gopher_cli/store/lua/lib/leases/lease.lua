-- Jobs leased to a worker: the first `starts` of them begin at once, unless they were lost so often
-- that they are suspects. A fetch is {answer, corrupt jobs as {id, record}, and what will be written}.
--- @needs batch lease_expiry now
local FRESH = "^(%d+);(%d+);[^;]*;%d*;(%d*;%d+;%d+;%d*;.*)$"

local function new_fetch()
  return {
    answer = { stamp, "0", 0 }, corrupt = {}, expiry = text(now + ARGV.lease),
    starts = tonumber(ARGV.starts), suspect = tonumber(ARGV.suspect),
    room = tonumber(ARGV.room), cut = false,
    metas = batch("HSET", KEYS.meta), leases = batch("ZADD", KEYS.running), holds = batch("ZADD", KEYS.held),
  }
end

local function lease_job(to, id, record, blob)
  local attempts, losses, rest = string.match(record or "", FRESH)
  if not attempts or not blob then
    to.corrupt[#to.corrupt + 1] = { id, record }
    return
  end
  attempts = attempts + 1
  add(to.metas, id, attempts .. ";" .. losses .. ";" .. ARGV.token .. ";" .. stamp .. ";" .. rest)
  to.starts = to.starts - 1
  add(to.leases, lease_expiry(to.expiry, to.starts >= 0 and tonumber(losses) < to.suspect), id)
  add(to.holds, ARGV.sequence, id)
  local out = to.answer
  local n = #out
  out[n + 1], out[n + 2], out[n + 3], out[n + 4] = id, attempts, losses, blob
end

-- Specs are read so many at a time: what is read in vain is bounded, too.
local PAGE = 20

-- Until their specs have filled the room, so always one at least; the others are taken from the list.
local function lease_jobs(to, ids)
  local records, n = #ids > 0 and redis.call("HMGET", KEYS.meta, unpack(ids)), 0
  while n < #ids and to.room > 0 do
    for _, blob in ipairs(redis.call("HMGET", KEYS.spec, unpack(ids, n + 1, math.min(n + PAGE, #ids)))) do
      if to.room > 0 then
        n = n + 1
        lease_job(to, ids[n], records[n], blob)
        to.room = to.room - (blob and #blob or 0)
      end
    end
  end
  to.cut = to.cut or n < #ids
  for i = #ids, n + 1, -1 do ids[i] = nil end
end
