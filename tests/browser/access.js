// What people with a screen reader, a keyboard or weak eyes would stumble over on this page.
const found = [];
const said = (one) => `${one.tagName.toLowerCase()} ${one.outerHTML.slice(0, 120)}`;
const seen = (one) => one.checkVisibility({ opacityProperty: true, visibilityProperty: true });

function named(one) {
  const by = one.getAttribute("aria-labelledby");
  const labels = by ? by.split(" ").map((id) => document.getElementById(id)) : [...(one.labels ?? [])];
  const words = [one.getAttribute("aria-label"), one.title, ...labels.map((label) => label?.textContent)];
  if (one.matches("button, a, summary")) words.push(one.textContent, one.querySelector("img")?.alt);
  return words.some((word) => word?.trim());
}

// Colours as the browser has painted them: sRGB, laid over what is behind.
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
function rgba(colour) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
}
const over = (top, below) => [0, 1, 2].map((n) => top[n] * top[3] + below[n] * (1 - top[3])).concat(1);

function behind(one) {
  const layers = [];
  for (let at = one; at; at = at.parentElement) {
    const colour = rgba(getComputedStyle(at).backgroundColor);
    if (colour[3] > 0) layers.push(colour);
    if (colour[3] === 1) break;
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return layers.reverse().reduce((below, top) => over(top, below), dark ? [18, 18, 18, 1] : [255, 255, 255, 1]);
}

function bright([r, g, b]) {
  const [x, y, z] = [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}

function contrast(one) {
  const below = behind(one);
  const [high, low] = [bright(over(rgba(getComputedStyle(one).color), below)), bright(below)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

for (const one of document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a[href], summary, meter, progress"))
  if (seen(one) && !named(one)) found.push(`without a name: ${said(one)}`);
for (const one of document.querySelectorAll("img:not([alt]), figure:not([aria-label], [aria-labelledby], :has(figcaption))"))
  if (seen(one)) found.push(`without a text: ${said(one)}`);
for (const [css, least, most] of [["h1", 1, 1], ["main", 1, 1], ["header", 1, 20], ["html[lang]", 1, 1], ["title", 1, 20]]) {
  const count = document.querySelectorAll(css).length;
  if (count < least || count > most) found.push(`${count} times ${css}`);
}
const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
for (const id of new Set(ids.filter((id, n) => ids.indexOf(id) !== n))) found.push(`two with the id ${id}`);
for (const one of document.querySelectorAll("[tabindex]"))
  if (one.tabIndex > 0) found.push(`an order of its own: ${said(one)}`);
for (const table of document.querySelectorAll("table"))
  if (!table.querySelector("th")) found.push(`a table without heads: ${said(table)}`);

const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const looked = new Set();
while (texts.nextNode()) {
  const one = texts.currentNode.parentElement;
  if (!texts.currentNode.data.trim() || looked.has(one) || !seen(one) || one.closest("[disabled], svg, .unseen, .skip")) continue;
  looked.add(one);
  const style = getComputedStyle(one);
  const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
  const ratio = contrast(one);
  if (ratio < (large ? 3 : 4.5)) found.push(`contrast ${ratio.toFixed(2)}: ${said(one)}`);
}
return [...new Set(found)];
