-- A job whose record or spec cannot be read goes to the dead letter queue, with the raw bytes of the
-- record in its history, and is counted. It has left its place before.
--- @needs history now record
local function hex(raw)
  return (string.gsub(string.sub(raw, 1, 1024), ".", function(c) return string.format("%02x", string.byte(c)) end))
end

local function quarantine(id, raw)
  local r = read(raw)
  local what = r and "the spec is missing" or "the stored record cannot be read"
  local entry = stamp .. ' {"outcome":"corrupt","error":"' .. what .. '","raw_hex":"' .. hex(raw or "") .. '"}\n'
  r = r or blank()
  r.finished, r.token = stamp, ""
  redis.call("HSET", KEYS.meta, id, line(r))
  redis.call("HSET", KEYS.errors, id, append_history(redis.call("HGET", KEYS.errors, id), entry, 65536))
  redis.call("ZADD", KEYS.failed, stamp, id)
  redis.pcall("HINCRBY", KEYS.counters, "corrupt", 1)
end
