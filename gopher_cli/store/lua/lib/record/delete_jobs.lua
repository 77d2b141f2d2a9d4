-- Every trace of a job that ends for good.
local function delete_jobs(ids)
  if #ids == 0 then return end
  for _, key in ipairs({ KEYS.spec, KEYS.meta, KEYS.result, KEYS.errors, KEYS.log, KEYS.progress, KEYS.once }) do
    redis.call("HDEL", key, unpack(ids))
  end
end
