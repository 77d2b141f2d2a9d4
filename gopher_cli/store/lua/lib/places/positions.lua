-- Where jobs stand, as text for each: "7:1700000000000," is place 7 with its score; "" is nowhere.
--- @needs now places
local function positions(ids)
  local out = {}
  for n = 1, #ids do out[n] = "" end
  for p, place in ipairs(#ids > 0 and PLACES or {}) do
    for n, score in ipairs(redis.call("ZMSCORE", place, unpack(ids))) do
      if score then out[n] = out[n] .. text(p) .. ":" .. score .. "," end
    end
  end
  return out
end
