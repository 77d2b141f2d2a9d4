-- Histogram cells: per minute and type, numbers "ok,retried,failed,run_ms,wait_ms,run×24,wait×24", and where an
-- attempt failed "failed_run_ms,failed_run×24" behind them: the part of the runs that ended so.
-- A duration falls into the first bucket whose bound (seconds) it does not exceed; the last is open.
--- @needs now
local BOUNDS = {
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
  1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, math.huge,
}
local SIZE, WITHOUT_FAILURES = 78, 53

-- Neighbours take about as long: the search starts where the last one ended.
local function bucket(seconds, from)
  while seconds > BOUNDS[from] do from = from + 1 end
  while from > 1 and seconds <= BOUNDS[from - 1] do from = from - 1 end
  return from
end

local function empty_cell()
  local cell = {}
  for i = 1, SIZE do cell[i] = 0 end
  return cell
end

local function add_text(cell, stored)
  local i = 0
  for number in string.gmatch(stored or "", "%d+") do
    i = i + 1
    if i > SIZE then break end
    cell[i] = cell[i] + number
  end
  return cell
end

-- Sums of ms may outgrow what Lua writes without an exponent.
local function cell_text(cell)
  for _, sum in ipairs({ 4, 5, 54 }) do cell[sum] = text(math.floor(cell[sum])) end
  return table.concat(cell, ",", 1, cell[2] + cell[3] > 0 and SIZE or WITHOUT_FAILURES)
end
