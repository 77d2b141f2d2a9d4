-- The place is the state: where a job is, or nil. PLACES is {{state, key}, ...} of the caller.
local function place_of(places, id)
  for _, place in ipairs(places) do
    if redis.call("ZSCORE", place[2], id) then return place[1], place[2] end
  end
end
