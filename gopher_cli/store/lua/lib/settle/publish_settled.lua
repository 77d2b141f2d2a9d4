-- What settlements (lib/settle/settlement_batch.lua) have come to, for those who watch: first the attempts that
-- ended, then what is no longer kept, then who had waited for them.
--- @needs publish
local function publish_settled(to, freed)
  local lines = to.lines
  publish({
    "completed", to.done, "retrying", ids_of(lines.retrying), "failed", ids_of(lines.failed),
    "cancelled", ids_of(lines.cancelled), "scheduled", ids_of(lines.scheduled),
    "enqueued", ids_of(lines[1], lines[2], lines[3], lines.unhandled), "gone", to.gone,
    "enqueued", freed.enqueued, "scheduled", freed.scheduled,
  })
end
