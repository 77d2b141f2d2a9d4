-- Who did what. Trimmed first, so that what an operator does at full memory is written down too.
--
-- Sent twice, it is there twice, with the same nonce: who reads passes over the second.
--
-- KEYS  audit
-- ARGV  now nonce entry keep
-- OUT   {now}
--- @needs now

redis.call("XLEN", KEYS.audit)
redis.call("XTRIM", KEYS.audit, "MAXLEN", "~", ARGV.keep)
redis.call("XADD", KEYS.audit, "MAXLEN", "~", ARGV.keep, "*", ARGV.nonce, ARGV.entry)
return { stamp }
