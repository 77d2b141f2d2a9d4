-- Whether a worker has this job in its hands: the token of a lease is "worker:number:random".
local function is_held_by(worker, r) return r and string.sub(r.token, 1, #worker + 1) == worker .. ":" end
