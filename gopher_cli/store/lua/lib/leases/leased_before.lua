-- The jobs that this very fetch has leased already: its first answer was lost on the way.
--- @needs record
local function leased_before(ids, out)
  local metas, specs = redis.call("HMGET", KEYS.meta, unpack(ids)), redis.call("HMGET", KEYS.spec, unpack(ids))
  local leased = redis.call("ZMSCORE", KEYS.running, unpack(ids))
  for i, id in ipairs(ids) do
    local r = read(metas[i])
    if r and r.token == ARGV.token and leased[i] then
      for _, value in ipairs({ id, r.attempts, r.losses, specs[i] or "" }) do out[#out + 1] = value end
    end
  end
  return out
end
