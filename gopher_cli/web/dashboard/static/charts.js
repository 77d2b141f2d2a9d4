// The values under the pointer, as they stand in the table, and a click (or Enter) through to the jobs behind.
import { clock, now } from "./times.js";

const CHARTS = "figure[data-chart]";
let shown = null;

function make(tag, kind, text = "") {
  const element = document.createElement(tag);
  element.className = kind;
  element.textContent = text;
  return element;
}

function hide() {
  shown?.tip.remove();
  shown?.rule.remove();
  shown = null;
}

function show(figure, share, index = null) {
  const rows = [...figure.querySelectorAll("tbody tr")].reverse();
  const count = rows.length;
  if (!count) return;
  const columns = figure.dataset.chart === "bar";
  const wanted = index ?? (columns ? Math.floor(share * count) : Math.round(share * (count - 1)));
  const n = Math.min(Math.max(wanted, 0), count - 1);
  if (shown?.figure === figure && shown.n === n) return;
  hide();
  const paper = figure.querySelector(".paper");
  const tip = make("div", "tip");
  const at = Date.parse(rows[n].querySelector("time").dateTime);
  tip.append(make("b", "", clock(new Date(at))));
  figure.querySelectorAll("thead .n").forEach((head, column) => {
    const line = make("p", head.className);
    line.append(make("span", "", head.textContent), make("b", "", rows[n].cells[column + 1].textContent));
    tip.append(line);
  });
  const rule = make("div", "rule");
  const x = columns ? (n + 0.5) / count : n / Math.max(1, count - 1);
  rule.style.left = `${x * 100}%`;
  tip.style[x > 0.5 ? "right" : "left"] = `calc(${(x > 0.5 ? 1 - x : x) * 100}% + .6rem)`;
  paper.append(rule, tip);
  shown = { figure, n, tip, rule, ends: at / 1000 + Number(figure.dataset.step) };
}

function open(figure) {
  if (shown?.figure !== figure) return;
  const past = Math.floor(now() / 1000 - shown.ends);
  const search = [figure.dataset.behind, past > 0 ? `older:${past}s` : ""].filter(Boolean).join(" ");
  location.href = `${document.body.dataset.root}/jobs?q=${encodeURIComponent(search)}`;
}

const figureOf = (event) => (event.target instanceof Element ? event.target.closest(".paper")?.closest(CHARTS) : null);

document.addEventListener("pointermove", (event) => {
  const figure = figureOf(event);
  if (!figure) return shown && !shown.figure.contains(document.activeElement) ? hide() : undefined;
  const room = figure.querySelector(".paper").getBoundingClientRect();
  show(figure, (event.clientX - room.left) / room.width);
});
document.addEventListener("pointerleave", hide);
document.addEventListener("focusout", hide);
document.addEventListener("click", (event) => {
  const figure = figureOf(event);
  if (figure) open(figure);
});
document.addEventListener("keydown", (event) => {
  const figure = figureOf(event);
  if (!figure) return;
  if (event.key === "Enter") open(figure);
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  show(figure, 1, shown?.figure === figure ? shown.n + step : null);
});
