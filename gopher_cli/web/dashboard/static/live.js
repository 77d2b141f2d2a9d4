// The page keeps itself up to date: it asks for itself again, and puts in what has changed.
const box = document.getElementById("live");
const said = document.getElementById("live-said");
const every = document.getElementById("live-every");
const seen = new Map();
let timer = 0;
let off = false;

function show(is, words) {
  box.dataset.is = is;
  if (said.textContent !== words) said.textContent = words;
}

const asksSomething = () => document.querySelector("dialog[open], [popover]:popover-open") !== null;

// Somebody types, reads with the pointer, has marked text or ticked boxes in it: it stays as it is.
function isInUse(region) {
  const active = document.activeElement;
  if (active && region.contains(active) && active.matches("textarea, select, input:not([type=checkbox])")) return true;
  const marked = getSelection();
  if (!marked.isCollapsed && (region.contains(marked.anchorNode) || region.contains(marked.focusNode))) return true;
  return region.querySelector("input[type=checkbox]:checked, .tip") !== null;
}

// What the viewer has done to the old region is done to the new one.
function carryOver(old, fresh) {
  old.querySelectorAll("details").forEach((one, n) => {
    const same = fresh.querySelectorAll("details")[n];
    if (same) same.open = one.open;
  });
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const scrolled = [...old.querySelectorAll(".scroll, pre")].map((one) => [one.scrollLeft, one.scrollTop]);
  const current = old.querySelector(".current")?.id;
  return () => {
    fresh.querySelectorAll(".scroll, pre").forEach((one, n) => {
      if (scrolled[n]) [one.scrollLeft, one.scrollTop] = scrolled[n];
    });
    if (current) document.getElementById(current)?.classList.add("current");
    if (focused) counterpart(focused, fresh)?.focus({ preventScroll: true });
  };
}

function counterpart(element, fresh) {
  if (element.id) return document.getElementById(element.id);
  const all = (root) => [...root.querySelectorAll("a[href], button, input, summary, [tabindex]")];
  const like = (one) => one.getAttribute("href") === element.getAttribute("href") && one.value === element.value
    && one.textContent === element.textContent;
  return all(fresh).find(like);
}

function put(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  let held = false;
  for (const old of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(old.id);
    if (!fresh) continue;
    if (isInUse(old)) {
      held = true;
      continue;
    }
    if (seen.get(old.id)?.isEqualNode(fresh)) continue;
    seen.set(old.id, fresh.cloneNode(true));
    const finish = carryOver(old, fresh);
    old.replaceWith(document.adoptNode(fresh));
    finish();
    fresh.dispatchEvent(new CustomEvent("gopher:fresh", { bubbles: true }));
  }
  document.title = page.title;
  return held;
}

async function look() {
  if (document.hidden || asksSomething()) return show("paused", "paused");
  try {
    const answer = await fetch(location.href, { headers: { "X-Live": "1", Accept: "text/html" }, signal: AbortSignal.timeout(8000) });
    if (answer.redirected) return location.reload();
    if (answer.status === 503) return show("away", "Redis away");
    if (answer.status === 429 || answer.status >= 500) return show("away", "server in trouble");
    if (answer.status === 404) return show("away", "gone");
    const html = await answer.text();
    if (asksSomething()) return show("paused", "paused");
    put(html) ? show("paused", "paused") : show("live", "live");
  } catch {
    show("away", "server away");
  }
}

function plan() {
  clearTimeout(timer);
  const seconds = Number(every.value);
  if (off || !seconds) return show("off", "paused");
  timer = setTimeout(async () => {
    await look();
    plan();
  }, seconds * 1000);
}

export function toggle() {
  off = !off;
  if (!off) show("live", "live");
  plan();
}

if (document.querySelector("[data-live]")) {
  box.hidden = false;
  every.value = localStorage.getItem("gopher-every") ?? "2";
  if (!every.value) every.value = "2";
  every.addEventListener("change", () => {
    localStorage.setItem("gopher-every", every.value);
    off = false;
    show("live", "live");
    plan();
  });
  document.addEventListener("visibilitychange", async () => {
    if (!document.hidden && !off && every.value !== "0") await look();
    plan();
  });
  show("live", "live");
  plan();
}
