// Light, dark, or as the system has it.
const button = document.getElementById("theme");
const NEXT = { "": "light", light: "dark", dark: "" };
const SIGNS = { "": "◐", light: "○", dark: "●" };

function show() {
  const now = document.documentElement.dataset.theme ?? "";
  const words = `Theme: ${now || "system"}`;
  button.textContent = SIGNS[now];
  button.title = words;
  button.setAttribute("aria-label", words);
}

export function nextTheme() {
  const { dataset } = document.documentElement;
  const next = NEXT[dataset.theme ?? ""];
  if (next) dataset.theme = next;
  else delete dataset.theme;
  if (next) localStorage.setItem("gopher-theme", next);
  else localStorage.removeItem("gopher-theme");
  show();
}

button.hidden = false;
button.addEventListener("click", nextTheme);
show();
