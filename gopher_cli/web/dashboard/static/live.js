// The page keeps itself up to date: it asks for itself again, and puts in what has changed.
import { setClock } from "./times.js";

const box = document.getElementById("live");
const said = document.getElementById("live-said");
const every = document.getElementById("live-every");
const seen = new Map();
let told = document.body.dataset.now;
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

const regions = () => [...document.querySelectorAll("[data-live]")];

// Another page in the place of this one, such as a proxy's own, has none of it, or not all.
const isThisPage = (page) => "root" in page.body.dataset && regions().every((one) => page.getElementById(one.id));

// A proxy that keeps answers may give an old one again: no two of ours are of the same millisecond.
function isNew(page) {
  const last = told;
  told = page.body.dataset.now;
  return told !== last;
}

function put(page) {
  let held = false;
  setClock(page.body);
  for (const old of regions()) {
    const fresh = page.getElementById(old.id);
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

// Somebody has to sign in again, here or at a proxy: a page leads there. Once a minute, lest it goes round in circles.
function comeAgain() {
  const last = Number(sessionStorage.getItem("gopher-came-again"));
  if (Math.abs(Date.now() - last) < 60000) return show("away", "not live");
  sessionStorage.setItem("gopher-came-again", Date.now());
  return location.reload();
}

function why(status, page) {
  if (status === 404) return "gone";
  if (status === 503 && "root" in page.body.dataset) return "Redis away";
  return status === 429 || status >= 500 ? "server in trouble" : "not live";
}

const HOW = { headers: { "X-Live": "1", Accept: "text/html" }, redirect: "manual" };

async function look() {
  if (document.hidden || asksSomething()) return show("paused", "paused");
  try {
    const answer = await fetch(location.href, { ...HOW, signal: AbortSignal.timeout(8000) });
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) return comeAgain();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fits = answer.ok || answer.status === 422; // a search that is wrong is answered with its page
    if (!fits || !isThisPage(page)) return show("away", why(answer.status, page));
    if (!isNew(page)) return show("away", "not live");
    if (asksSomething()) return show("paused", "paused");
    return put(page) ? show("paused", "paused") : show("live", "live");
  } catch {
    return show("away", "server away");
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

// What stands here may be old: it is live as soon as it was looked at, not before.
async function lookAndPlan() {
  if (!off && every.value !== "0") await look();
  plan();
}

export function toggle() {
  off = !off;
  return lookAndPlan();
}

if (document.querySelector("[data-live]")) {
  box.hidden = false;
  every.value = localStorage.getItem("gopher-every") ?? "2";
  if (!every.value) every.value = "2";
  every.addEventListener("change", () => {
    localStorage.setItem("gopher-every", every.value);
    off = false;
    lookAndPlan();
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? plan() : lookAndPlan()));
  // A page that was gone back to is as it was left.
  addEventListener("pageshow", (event) => event.persisted && lookAndPlan());
  show("live", "live");
  plan();
}
