-- A job holds its unique key for as long as it lives.
local function is_live(record) return record ~= nil and record.finished == "" end
