-- A job holds its unique key for as long as it lives.
local function lives(record) return record ~= nil and record.finished == "" end
