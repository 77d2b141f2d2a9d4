-- The places of a queue, by number, and the state that each of them is.
local PLACES = {
  KEYS.ready_high, KEYS.ready_normal, KEYS.ready_low,
  KEYS.scheduled, KEYS.retrying, KEYS.blocked, KEYS.running, KEYS.completed, KEYS.failed, KEYS.cancelled,
  KEYS.unhandled,
}
local STATES = {
  "enqueued", "enqueued", "enqueued",
  "scheduled", "retrying", "blocked", "processing", "completed", "failed", "cancelled",
  "enqueued",
}
local LAST_READY, RUNNING, COMPLETED, FAILED, UNHANDLED = 3, 7, 8, 9, 11
