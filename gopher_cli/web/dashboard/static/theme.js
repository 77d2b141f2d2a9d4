// The chosen theme, before anything is painted. Without a choice the system's counts.
const theme = localStorage.getItem("gopher-theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
// What is told by the viewer's own clock: see times.js.
document.documentElement.dataset.scripts = "";
