// What pages can do where scripts run. Everything here is also there without it, less conveniently.
import "./times.js";
import "./live.js";
import "./charts.js";
import "./picking.js";
import "./copying.js";
import "./keys.js";
import "./looks.js";
import "./preview.js";

// Nothing was found so far, and there is more to be looked at.
const lookOn = document.querySelector("a[data-look-on]");
if (lookOn) setTimeout(() => location.replace(lookOn.href), 100);

// A secret is gone with its page: whoever comes back to it, finds none.
addEventListener("pagehide", () => document.querySelectorAll("[data-secret]").forEach((one) => one.remove()));

const goOn = document.querySelector("form[data-go-on]");
if (goOn) setTimeout(() => goOn.requestSubmit(), 200);
