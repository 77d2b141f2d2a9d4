-- How a schedule stands, one line in the hash `runs`: ran;skipped;missed;last;job;completed;paused_at;why
-- `last` is until when everything is accounted for, `job` the last one that ran, `completed` when one has last
-- completed (lib/schedules/completed_runs.lua), `why` JSON of who has paused it.
-- Behind it its last ticks, the newest first, a line each: instant;outcome;count;last;at;detail
--- @needs now
local STATE = "^(%d+);(%d+);(%d+);(%d*);([^;\n]*);(%d*);(%d*);([^\n]*)\n(.*)$"
local ENTRY = "^(%d*);(%a+);(%d+);%d*;%d+;([^\n]*)\n(.*)$"
local KEPT = 20

-- One that cannot be read begins anew: what it counts is for people.
local function read_state(raw)
  local ran, skipped, missed, last, job, completed, paused_at, why, history = string.match(raw or "", STATE)
  return {
    ran = tonumber(ran) or 0, skipped = tonumber(skipped) or 0, missed = tonumber(missed) or 0, last = last or "",
    job = job or "", completed = completed or "", paused_at = paused_at or "", why = why or "", history = history or "",
  }
end

-- Equal ones in a row are one entry with a count: what has run must not be pushed out by what has not.
local function add_entry(s, outcome, instant, count, last, detail)
  local first, before, number, what, rest = string.match(s.history, ENTRY)
  if before == outcome and what == detail and (outcome == "skipped" or outcome == "missed") then
    instant, count, s.history = first, count + number, rest
  end
  local entry = { instant, outcome, text(count), last, stamp, detail }
  s.history = table.concat(entry, ";") .. "\n" .. s.history
end

local function state_line(s)
  local kept, at = 0, 1
  while kept < KEPT and at <= #s.history do
    kept, at = kept + 1, string.find(s.history, "\n", at, true) + 1
  end
  local head = { text(s.ran), text(s.skipped), text(s.missed), s.last, s.job, s.completed, s.paused_at, s.why }
  return table.concat(head, ";") .. "\n" .. string.sub(s.history, 1, at - 1)
end

local function pause(s, why)
  s.paused_at, s.why = stamp, why
  add_entry(s, "paused", stamp, 1, stamp, why)
end

local function resume(s)
  s.paused_at, s.why = "", ""
  add_entry(s, "resumed", stamp, 1, stamp, "")
end
