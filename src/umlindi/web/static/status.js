/* A status page asks again by itself, says when it no longer hears, and never shows an old state as the present. */
(() => {
"use strict";
const EVERY_MS = 30000, OLD_MS = 75000, GIVE_UP_MS = 15000;
const main = document.querySelector("main"), old = document.querySelector("#old");
let heard = Date.now(), asking = false;
function say() {
  const late = Math.abs(Date.now() - heard) > OLD_MS; /* a clock set back is as strange as one that ran on */
  old.hidden = !late;
  document.body.classList.toggle("old", late);
  if (late) old.querySelector("b").textContent = main.querySelector("#as-of").textContent;
}
async function ask() {
  if (asking) return;
  asking = true;
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(GIVE_UP_MS) });
    if (answer.status === 404) { location.reload(); return; } /* the link was revoked */
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html"), fresh = page.querySelector("#told");
    if (fresh) { document.querySelector("#told").replaceWith(fresh); document.title = page.title; heard = Date.now(); }
  } catch (error) {
    if (!["TypeError", "TimeoutError", "AbortError"].includes(error.name)) throw error; /* no network: say() tells */
  } finally { asking = false; say(); }
}
setInterval(ask, EVERY_MS);
setInterval(say, 5000);
for (const woken of ["online", "pageshow", "focus"]) addEventListener(woken, () => { if (Date.now() - heard > EVERY_MS) ask(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) { say(); ask(); } });
})();
