-- Every trace of a job that ends for good. The hashes come in the order of the KEYS that end in `once`.
local function forget(ids, spec, meta, result, errors, log, progress, once)
  if #ids == 0 then return end
  for _, key in ipairs({ spec, meta, result, errors, log, progress, once }) do
    redis.call("HDEL", key, unpack(ids))
  end
end
