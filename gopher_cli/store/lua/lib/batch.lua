-- Writes gathered first and sent last, one command per key: `add` on paper, then `send`.
local function batch(command, key)
  local args, n = {}, 0
  return {
    add = function(first, second)
      n = n + 1
      args[n] = first
      if second then
        n = n + 1
        args[n] = second
      end
    end,
    send = function()
      if n > 0 then redis.call(command, key, unpack(args)) end
    end,
    any = function() return n > 0 end,
  }
end
