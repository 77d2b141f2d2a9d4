// The values under the pointer, and a click (or Enter) through to the jobs behind them.
import { clock } from "./times.js";

const CHARTS = "figure[data-points]";
let shown = null;

function words(value, unit) {
  if (value === null) return "–";
  if (unit === "%") return `${value}%`;
  if (unit !== "s") return value.toLocaleString("en").replaceAll(",", " ");
  const [size, name] = value < 0.001 ? [1e6, "µs"] : value < 1 ? [1e3, "ms"] : [1, "s"];
  return `${Number((value * size).toPrecision(2))}${name}`;
}

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
  const data = JSON.parse(figure.dataset.points);
  const count = data.series[0]?.[2].length ?? 0;
  if (!count) return;
  const columns = figure.dataset.chart === "bar";
  const wanted = index ?? (columns ? Math.floor(share * count) : Math.round(share * (count - 1)));
  const n = Math.min(Math.max(wanted, 0), count - 1);
  if (shown?.figure === figure && shown.n === n) return;
  hide();
  const paper = figure.querySelector(".paper");
  const tip = make("div", "tip");
  const at = new Date((data.start + n * data.step) * 1000);
  tip.append(make("b", "", clock(at)));
  for (const [name, kind, values] of data.series) {
    const line = make("p", `s-${kind}`);
    line.append(make("span", "", name), make("b", "", words(values[n], data.unit)));
    tip.append(line);
  }
  const rule = make("div", "rule");
  const x = columns ? (n + 0.5) / count : n / Math.max(1, count - 1);
  rule.style.left = `${x * 100}%`;
  tip.style[x > 0.5 ? "right" : "left"] = `calc(${(x > 0.5 ? 1 - x : x) * 100}% + .6rem)`;
  paper.append(rule, tip);
  shown = { figure, n, tip, rule, ends: data.start + (n + 1) * data.step };
}

function open(figure) {
  if (shown?.figure !== figure) return;
  const past = Math.floor(Date.now() / 1000 - shown.ends);
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
