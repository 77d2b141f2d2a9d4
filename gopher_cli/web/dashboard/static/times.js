// Moments in the viewer's own zone, and "3m ago" that goes on counting, by the clock of the server.
const UNITS = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
const DAY = { year: "numeric", month: "short", day: "numeric" };
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

const [arrival] = performance.getEntriesByType("navigation");
let ahead = 0;

// What the server's clock said when an answer began to arrive, so many milliseconds ago.
export function setClock(body, since = 0) {
  if (body.dataset.now) ahead = Number(body.dataset.now) + since - Date.now();
}

// The browser's clock may be wrong by minutes: it is asked only for what has passed since.
export const now = () => Date.now() + ahead;

export function span(seconds) {
  if (seconds < 60) return seconds < 10 ? `${Math.round(seconds * 10) / 10}s` : `${Math.floor(seconds)}s`;
  let left = Math.round(seconds);
  const parts = [];
  for (const [name, size] of UNITS) {
    const count = Math.floor(left / size);
    left %= size;
    if (count || parts.length) parts.push(count ? `${count}${name}` : "");
  }
  return parts.slice(0, 2).join("");
}

function ago(at) {
  const seconds = (now() - at) / 1000;
  if (Math.abs(seconds) < 1) return "now";
  return seconds > 0 ? `${span(seconds)} ago` : `in ${span(-seconds)}`;
}

export function clock(at, exact) {
  return at.toLocaleTimeString(undefined, exact ? { ...CLOCK, second: "2-digit" } : CLOCK);
}

export function moment(at) {
  return `${at.toLocaleDateString(undefined, DAY)}, ${clock(at, true)}`;
}

function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function tick() {
  for (const element of document.querySelectorAll("time[data-ago]")) say(element, ago(Date.parse(element.dateTime)));
}

export function localise(root) {
  for (const element of root.querySelectorAll("time")) {
    if (element.closest(".values:not([open])")) continue; // hundreds: not before somebody looks
    const at = new Date(element.dateTime);
    if ("ago" in element.dataset) element.title = moment(at);
    if ("at" in element.dataset) say(element, moment(at));
    if ("clock" in element.dataset) say(element, clock(at, element.dataset.clock === "s"));
  }
}

setClock(document.body, arrival ? performance.now() - arrival.responseStart : 0);
localise(document);
document.addEventListener("gopher:fresh", (event) => localise(event.target));
document.addEventListener("toggle", (event) => event.target.matches(".values") && localise(event.target), true);
setInterval(() => document.hidden || tick(), 1000);
