// What a form would come to, while it is written: the server is asked, as its button would ask it.
const form = document.querySelector("form[data-preview]");
const WHEN = "[name=name], [name=queue], [name=kind], [name=cron], [name=tz], [name=every], [name=offset], [name=from], [name=until], [name=times]";
let timer = 0;
let asked = 0;

async function show() {
  const mine = ++asked;
  const body = new URLSearchParams(new FormData(form));
  body.set("do", "look");
  body.delete("json");
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Live": "1", Accept: "text/html" }, redirect: "manual" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("preview");
    if (!fresh || mine !== asked) return;
    document.getElementById("preview").replaceChildren(...document.adoptNode(fresh).childNodes);
    document.getElementById("preview").dispatchEvent(new CustomEvent("gopher:fresh", { bubbles: true }));
  } catch {
    // Whoever saves sees them then.
  }
}

form?.addEventListener("input", (event) => {
  if (!event.target.matches(WHEN)) return;
  clearTimeout(timer);
  timer = setTimeout(show, 250);
});
