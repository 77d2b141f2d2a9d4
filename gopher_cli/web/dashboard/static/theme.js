// The chosen theme, before anything is painted. Without a choice the system's counts.
const theme = localStorage.getItem("gopher-theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
// The viewer's zone, where that is another one than the server's.
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
if (timeZone && !/^(Etc\/)?(UTC|UCT|GMT|Zulu|Universal|Greenwich)$/.test(timeZone)) document.documentElement.dataset.zone = timeZone;
