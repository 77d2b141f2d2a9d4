-- The jobs that this very fetch has leased already: its first answer was lost on the way.
local function leased_before(ids, token, running, meta, spec, out)
  local metas, specs = redis.call("HMGET", meta, unpack(ids)), redis.call("HMGET", spec, unpack(ids))
  local leased = redis.call("ZMSCORE", running, unpack(ids))
  for i, id in ipairs(ids) do
    local r = read(metas[i])
    if r and r.token == token and leased[i] then
      for _, value in ipairs({ id, r.attempts, r.losses, specs[i] or "" }) do out[#out + 1] = value end
    end
  end
  return out
end
