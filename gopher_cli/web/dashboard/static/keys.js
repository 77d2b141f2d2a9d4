// The keyboard, for people who live here.
import { toggle } from "./live.js";
import { nextTheme } from "./looks.js";
import { pick } from "./picking.js";

const help = document.getElementById("help");
const opener = document.getElementById("help-open");
const typing = (at) => at.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");
let going = 0;

function move(step) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (!rows.length) return;
  const now = rows.findIndex((row) => row.classList.contains("current"));
  const row = rows[Math.min(Math.max(now + step, 0), rows.length - 1)];
  rows[now]?.classList.remove("current");
  row.classList.add("current");
  (row.querySelector("[data-open]") ?? row).focus?.({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function search() {
  const field = document.querySelector("[data-search]");
  if (!field) return (location.href = `${document.body.dataset.root}/jobs#search`);
  field.focus();
  field.select();
}

const current = (what) => document.querySelector(`[data-row].current ${what}`);
const keys = {
  "/": search,
  "?": () => help.showModal(),
  j: () => move(1),
  k: () => move(-1),
  x: () => {
    const box = current("input[name=job]");
    if (!box) return;
    box.checked = !box.checked;
    pick(box, false);
  },
  Enter: () => document.activeElement === document.body && current("[data-open]")?.click(),
  ".": toggle,
  t: nextTheme,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open) return;
  if (event.key === "Escape" && event.target.matches("[data-search]")) return event.target.blur();
  if (!(event.target instanceof Element) || typing(event.target)) return;
  if (Date.now() - going < 1500) {
    going = 0;
    const link = [...document.querySelectorAll("nav a[data-key]")].find((one) => one.dataset.key === event.key);
    if (link) {
      event.preventDefault();
      return link.click();
    }
  }
  if (event.key === "g") return (going = Date.now());
  const act = keys[event.key];
  if (!act) return;
  if (event.key !== "Enter") event.preventDefault();
  act();
});

opener.hidden = false;
opener.addEventListener("click", () => help.showModal());
if (location.hash === "#search") search();
