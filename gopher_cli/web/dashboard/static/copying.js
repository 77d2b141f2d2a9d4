// A button on everything that one may want elsewhere.
function add(root) {
  for (const source of root.querySelectorAll("[data-copy]:not(.has-copy)")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy quiet";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy this");
    source.classList.add("has-copy");
    const head = source.previousElementSibling;
    if (head?.matches("h2, h3")) head.append(button);
    else source.after(button);
    button.addEventListener("click", () => copy(source, button));
  }
}

async function copy(source, button) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
  } catch {
    // Without TLS browsers do not let us: it is marked, and Ctrl-C does the rest.
    getSelection().selectAllChildren(source);
    button.textContent = "Marked";
  }
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

document.addEventListener("gopher:fresh", (event) => add(event.target));
add(document);
