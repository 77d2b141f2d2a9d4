-- From when the job could run: it was submitted then, or fell due, or was brought back. Ms.
local function ready_since(r) return tonumber(r.ready_at ~= "" and r.ready_at or r.created) end
