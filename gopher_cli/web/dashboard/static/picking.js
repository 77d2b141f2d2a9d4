// Ticking many jobs: the whole page, a range with Shift, or all that match.
const boxes = (form) => [...form.querySelectorAll("input[name=job]")];
let last = null;

function tell(form) {
  const ticked = boxes(form).filter((one) => one.checked).length;
  const all = form.querySelector("[data-all-matching]");
  const whole = form.querySelector("[data-pick-all]");
  const label = form.querySelector("[data-picked]");
  if (whole) {
    whole.checked = ticked > 0 && ticked === boxes(form).length;
    whole.indeterminate = ticked > 0 && !whole.checked;
  }
  if (label) label.textContent = ticked ? `${ticked} selected` : "none selected";
  for (const button of form.querySelectorAll("button[name=action]")) {
    // All at once would be due in one moment: another time is for jobs that were ticked.
    button.disabled = all?.checked ? button.value === "reschedule" : !ticked;
  }
}

export function pick(box, range) {
  const all = boxes(box.form);
  if (range && last?.isConnected) {
    const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
    for (const one of all.slice(from, to + 1)) one.checked = box.checked;
  }
  last = box;
  tell(box.form);
}

function begin(root) {
  for (const form of root.querySelectorAll("form[data-pick]")) tell(form);
  for (const box of root.querySelectorAll("[data-pick-all]")) box.hidden = false;
}

document.addEventListener("click", (event) => {
  if (event.target.matches?.("input[name=job]")) pick(event.target, event.shiftKey);
});
document.addEventListener("change", (event) => {
  const { target } = event;
  if (!target.form?.matches("[data-pick]")) return;
  if (target.matches("[data-pick-all]")) for (const box of boxes(target.form)) box.checked = target.checked;
  tell(target.form);
});
document.addEventListener("gopher:fresh", (event) => {
  begin(event.target);
  const form = event.target.closest("form[data-pick]");
  if (form) tell(form);
});
addEventListener("pageshow", () => begin(document));
begin(document);
