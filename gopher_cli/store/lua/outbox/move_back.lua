-- Jobs that another queue has refused leave the outbox for the dead letter queue that they came from, as they were.
-- One whose id another job has here meanwhile comes back under a new one, "<id>-<nonce>"; its log says so.
--
-- KEYS  failed spec meta result errors log progress once outbox counters events
-- ARGV  now ...
-- ...   the name of an entry
-- OUT   {now, name, ...}: those that came back
--- @needs batch counters now publish record

local PARTS = {
  batch("HSET", KEYS.spec), batch("HSET", KEYS.meta), batch("HSET", KEYS.result), batch("HSET", KEYS.errors),
  batch("HSET", KEYS.log), batch("HSET", KEYS.progress), batch("HSET", KEYS.once),
}
local out, dead, seen = { stamp }, batch("ZADD", KEYS.failed), {}

-- As move_out.lua has packed it.
local function unpack_parts(raw)
  local parts, sizes = {}, string.match(raw or "", "^m %S+ ([%d ]+)\n")
  local at = sizes and string.find(raw, "\n", 1, true) + 1
  for size in string.gmatch(sizes or "", "%d+") do
    parts[#parts + 1] = string.sub(raw, at, at + size - 1)
    at = at + size
  end
  return #parts == #PARTS and parts
end

local function is_free(id) return not seen[id] and redis.call("HEXISTS", KEYS.meta, id) == 0 end

-- The id under which it comes back; a new one has a line in its log.
local function id_of(name, parts)
  local id, nonce = string.match(name, "^(%S+) (%S+)$")
  if not id or is_free(id) then return id end
  parts[5] = parts[5] .. stamp .. " it was " .. id .. " until other jobs had this id in both queues\n"
  return string.sub(id, 1, 100) .. "-" .. nonce
end

for i = 2, #ARGV do
  local name = ARGV[i]
  local parts = unpack_parts(redis.call("HGET", KEYS.outbox, name))
  local r = parts and read(parts[2])
  local id = r and id_of(name, parts)
  if id and is_free(id) then
    seen[id], out[#out + 1] = true, name
    for n, part in ipairs(parts) do
      if part ~= "" then add(PARTS[n], id, part) end
    end
    add(dead, r.finished ~= "" and r.finished or stamp, id)
  end
end
if not any(dead) then return out end
look(PARTS)
look({ dead })

redis.call("HDEL", KEYS.outbox, unpack(out, 2))
send(PARTS)
send({ dead })
send_counts({ enqueued = #out - 1 })
if is_watched() then publish({ "failed", ids_of(dead) }) end
return out
