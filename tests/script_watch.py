"""Watch a script at work: it may touch declared keys only, look before it leaps, and free first."""

# ruff: noqa: E501 (Lua has its own lines)

from __future__ import annotations

_SPY = """
local redis = (function(real)
  local READS = "%(reads)s"
  local WRITES = "%(writes)s"
  local declared, seen, wrote, times = {}, {}, false, 0
  for _, key in ipairs(KEYS) do declared[key] = true end
  local function is_in(list, command) return string.find(list, " " .. command .. " ", 1, true) end
  local function note(protected, command, key, ...)
    if command == "TIME" then
      times = times + 1
      if times > 1 then error("SPY: the clock is read twice") end
      return
    end
    if not is_in(READS .. WRITES, command) then error("SPY: no script may use " .. command) end
    for _, name in ipairs(command == "EXISTS" and { key, ... } or { key }) do
      if not declared[name] then error("SPY: " .. command .. " on the undeclared key " .. tostring(name)) end
    end
    if is_in(WRITES, command) then
      if not wrote and not %(allow)s and not is_in(" ZREM HDEL XTRIM ", command) then error("SPY: the first write is " .. command) end
      if wrote and not protected and not seen[key] then error("SPY: " .. command .. " on " .. key .. ", which nobody has looked at") end
      wrote, seen[key] = true, true
    elseif not wrote and command ~= "EXISTS" then
      seen[key] = true
    end
  end
  return {
    call = function(...) note(false, ...); return real.call(...) end,
    pcall = function(...) note(true, ...); return real.pcall(...) end,
  }
end)(redis)
"""

READS = "EXISTS HEXISTS HGET HGETALL HKEYS HLEN HMGET HRANDFIELD LLEN ZCARD ZMSCORE ZRANGE ZRANGEBYSCORE ZRANK ZSCORE XLEN"
WRITES = "HDEL HINCRBY HSET HSETNX RPUSH XADD XTRIM ZADD ZINCRBY ZREM"
# A full memory refuses these as a whole: they store something that people want to be told of.
STORES_FIRST = ("submit", "accept", "report", "once", "expect")


def watched(name: str, source: str) -> str:
    """The script with every call to Redis watched; it fails at the first that breaks a rule."""
    words = {
        "reads": f" {READS} ",
        "writes": f" {WRITES} ",
        "allow": "true" if name in STORES_FIRST else "false",
    }
    return " ".join((_SPY % words).split("\n")) + "\n" + source
