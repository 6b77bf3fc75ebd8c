/* What pages do beyond being read: palette, shortcuts, tables, theme, clock, live regions. Every page works without it. */
(() => {
"use strict";
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/* Theme: a cookie, so that the server already knows it when it writes the page. */
function showTheme() {
  const chosen = document.documentElement.dataset.theme ?? "";
  $$(".themes button").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.theme === chosen)));
}
function chooseTheme(theme) {
  const age = theme ? 31536000 : 0;
  document.cookie = `theme=${theme}; path=/; max-age=${age}; samesite=lax`;
  if (theme) document.documentElement.dataset.theme = theme; else delete document.documentElement.dataset.theme;
  showTheme();
}

/* Time is the server's: its clock when it last spoke, and what has passed since by a clock that nobody can set. */
const REGULAR_MS = 1000, JUMP_MS = 2500;
let base = Date.parse($("#clock")?.dateTime ?? "") || Date.now(), heard = mark(), beat = mark();
function mark() { return { steady: performance.now(), wall: Date.now() }; }
const now = () => base + performance.now() - heard.steady;
/* How long nothing was heard. The steady clock stands still in some sleeping computers, the wall clock can be set. */
const silence = () => Math.max(performance.now() - heard.steady, Math.abs(Date.now() - heard.wall));
function hear(stamp) {
  const told = Date.parse(stamp ?? "");
  if (told) { base = told; heard = mark(); }
}
function tick() {
  const clock = $("#clock");
  if (!clock) return;
  const show = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: clock.dataset.zone, ...options }).format(now());
  $("small", clock).textContent = show({ weekday: "short", day: "numeric", month: "short" }).replace(",", "");
  $("span", clock).textContent = show({ hour: "2-digit", minute: "2-digit" });
}
/* What runs towards a moment: 11:04 left, then over by 3 min; its state changes with it. */
const two = (number) => String(number).padStart(2, "0");
function length(seconds) {
  const whole = Math.max(0, Math.floor(seconds)), minutes = Math.floor(whole / 60), hours = Math.floor(minutes / 60);
  if (hours >= 24) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  return hours ? `${hours} h ${minutes % 60} min` : `${minutes}:${two(whole % 60)}`;
}
function runClocks() {
  for (const one of $$("[data-until]")) {
    const left = (Date.parse(one.dataset.until) - now()) / 1000, warn = Number(one.dataset.warn);
    one.textContent = left >= 0 ? `${length(left)} left` : `over by ${length(-left)}`;
    if (warn) { one.classList.remove("ok", "warn", "fail"); one.classList.add(left < 0 ? "fail" : left < warn ? "warn" : "ok"); }
  }
  for (const one of $$("[data-since]")) one.textContent = length((now() - Date.parse(one.dataset.since)) / 1000);
}

/* Palette: Ctrl-K, type, arrows, Enter. */
const palette = $("#palette");
let asked = 0;
function openPalette() {
  const input = $("input", palette);
  palette.showModal();
  input.select();
  find(input.value);
}
async function find(text) {
  const mine = ++asked, input = $("input", palette);
  const answer = await fetch(`${input.dataset.from}?part=1&q=${encodeURIComponent(text)}`);
  if (!answer.ok || mine !== asked) return;
  $("#hits").innerHTML = await answer.text();
  point(0);
}
function point(step) {
  const hits = $$("#hits a"), at = hits.findIndex((hit) => hit.ariaSelected === "true");
  const next = hits.length ? (Math.max(at, 0) + step + hits.length) % hits.length : -1;
  hits.forEach((hit, i) => hit.setAttribute("aria-selected", String(i === next)));
  $("input", palette).setAttribute("aria-activedescendant", hits[next]?.id ?? "");
  hits[next]?.scrollIntoView({ block: "nearest" });
}
function paletteKey(event) {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); point(event.key === "ArrowDown" ? 1 : -1); }
  else if (event.key === "Enter") { event.preventDefault(); $('#hits [aria-selected="true"]')?.click(); }
  /* A browser's search field takes the first Esc to clear itself. */
  else if (event.key === "Escape") { event.preventDefault(); palette.close(); }
}

/* Shortcuts: single letters can be turned off (WCAG 2.1.4) and never fire where one types. */
let after = "";
const lettersOn = () => localStorage.getItem("keys") !== "off";
function key(event) {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); openPalette(); return; }
  const typing = event.target.closest("input, textarea, select, dialog[open]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !lettersOn()) return;
  if (after === "g") $(`.rail [data-key="${CSS.escape(event.key)}"]`)?.click();
  else if (event.key === "/") { const filter = $(".tools input[type=search]"); if (filter) { event.preventDefault(); filter.focus(); } }
  else if (event.key === "?") $("#keys").showModal();
  after = after ? "" : event.key;
  setTimeout(() => { after = ""; }, 1200);
}

/* Tables: heads sort, the field filters, CSV is what is shown. Cells may carry data-value to sort by. */
/* What was asked of a table is kept by its id, so that a live region put in anew looks as before. */
const value = (row, column) => { const cell = row.cells[column]; return (cell?.dataset.value ?? cell?.textContent ?? "").trim(); };
function order(a, b) {
  const [x, y] = [Number(a), Number(b)];
  if (a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return a.localeCompare(b, "en-ZA", { numeric: true, sensitivity: "base" });
}
const wanted = {};
function sortBy(table, column, down) {
  const head = table.tHead.rows[0].cells[column];
  wanted[table.id] = { ...wanted[table.id], column, down };
  $$("thead th", table).forEach((other) => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const body = table.tBodies[0], rows = [...body.rows];
  rows.sort((a, b) => (down ? -1 : 1) * order(value(a, column), value(b, column)));
  body.append(...rows);
}
function filter(table, text, said) {
  wanted[table.id] = { ...wanted[table.id], text };
  const words = text.toLowerCase().split(/\s+/).filter(Boolean), rows = [...table.tBodies[0].rows];
  for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
  const left = rows.filter((row) => !row.hidden).length;
  said.textContent = words.length ? `${left} of ${rows.length}` : "";
}
function csv(table, name) {
  /* A leading = + - @ would run as a formula in a spreadsheet: an apostrophe makes it text. */
  const quote = (text) => `"${text.replace(/\s+/g, " ").trim().replace(/^([=+\-@])/, "'$1").replace(/"/g, '""')}"`;
  const rows = [table.tHead.rows[0], ...$$("tbody tr:not([hidden])", table)];
  const text = rows.map((row) => [...row.cells].map((cell) => quote(cell.textContent)).join(",")).join("\r\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff", text, "\r\n"], { type: "text/csv" }));
  link.download = `${name}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}
function readyTable(table) {
  if (table.dataset.ready || !table.tHead) return;
  table.dataset.ready = "1";
  for (const head of $$("th:not([data-fixed])", table.tHead)) {
    if (!head.textContent.trim()) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sortBy(table, head.cellIndex, head.ariaSort === "ascending"));
    head.append(button);
  }
  const { column, down, text } = wanted[table.id] ?? {};
  if (column !== undefined) sortBy(table, column, down);
  const tools = $(`[data-tools="${table.id}"]`);
  if (!tools) return;
  tools.hidden = false;
  const input = $("input", tools), said = $("small", tools);
  input.addEventListener("input", () => filter(table, input.value, said));
  if (text) { input.value = text; filter(table, text, said); }
  $("[data-csv]", tools)?.addEventListener("click", (event) => csv(table, event.target.dataset.csv));
}

/* Confirm: a form with data-confirm asks first, in our own dialog. */
function confirmFirst(event) {
  const form = event.target, dialog = $("#sure");
  if (!form.dataset?.confirm || form.dataset.sure) { delete form.dataset?.sure; return; }
  event.preventDefault();
  event.stopPropagation();
  $("h2", dialog).textContent = form.dataset.confirm;
  $(".primary", dialog).textContent = form.dataset.verb ?? event.submitter?.textContent ?? "Yes";
  dialog.returnValue = "";
  dialog.showModal();
  dialog.onclose = () => { if (dialog.returnValue === "yes") { form.dataset.sure = "1"; form.requestSubmit(event.submitter); } else wake(); };
}

/* Live regions: a page fetched again is put in only where it differs; what is open stays open, focus and sorting stay.
   A half-typed form has hx-preserve and stays itself. While a question waits for its answer nothing is put in. */
let kept = null;
const last = {};
function keep(event) {
  const region = event.detail.target, fresh = event.detail.serverResponse;
  if (region.id === "alarms" && !fresh.includes('id="alarms"')) { event.detail.shouldSwap = false; signedOut(); return; }
  if (!region.classList?.contains("live") || event.detail.xhr.status !== 200) return;
  if (!fresh.includes('class="live')) { event.detail.shouldSwap = false; signedOut(); return; }
  const same = strip(fresh) === last[region.id] && !$(".asked", region);
  if (same || $("#sure[open]")) { event.detail.shouldSwap = false; return; }
  last[region.id] = strip(fresh);
  kept = {
    open: $$("details[open][id]", region).map((one) => one.id),
    focus: region.contains(document.activeElement) ? document.activeElement.id : "",
    said: $("h1", region)?.textContent,
  };
}
/* A page that only shows goes to the sign-in and comes back; one that may hold something typed is left as it is. */
function signedOut() {
  if ($(".live")) location.reload(); else $("#ended").hidden = false;
}
const strip = (page) => page.replace(/name="csrfmiddlewaretoken" value="[^"]*"|<time id="clock".*?<\/time>|(?<=data-(?:until|since)="[^"]*"[^>]*>)[^<]*/gs, "");
function restore() {
  if (!kept) return;
  kept.open.forEach((id) => { const one = document.getElementById(id); if (one) one.open = true; });
  const lost = kept.focus && document.activeElement?.id !== kept.focus;
  if (lost) document.getElementById(kept.focus)?.focus({ preventScroll: true });
  const said = $(".live h1")?.textContent;
  if (said !== kept.said && $("#said")) $("#said").textContent = said;
  kept = null;
}

/* A page that no longer hears from the house says since when, and greys once that is too long to be the present. After
   sleep, a set clock or a lost line it asks at once instead of waiting for its turn. */
const STALE_MS = 30000;
function silent(event) {
  const target = event.detail.target, live = target?.classList?.contains("live");
  if (!live && target?.id !== "alarms") return;
  if (event.detail.xhr?.status === 200) hear(event.detail.xhr.getResponseHeader("Umlindi-Now"));
  if (live && event.detail.xhr?.status === 404) { location.reload(); return; } /* what was shown is gone, or its link revoked */
  if (live) say(event.detail.xhr?.status !== 200);
}
function say(failed = false) {
  const banner = $("#silent"), old = silence() > STALE_MS;
  if (!banner || !$(".live")) return;
  const since = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: banner.dataset.zone });
  if (banner.hidden) $("b", banner).textContent = since.format(base);
  banner.hidden = !(old || failed || (!banner.hidden && silence() > JUMP_MS));
  document.body.classList.toggle("stale", old);
}
function wake() {
  for (const one of $$(".live[hx-get], #alarms")) window.htmx?.ajax("GET", one.getAttribute("hx-get"), { source: one, target: one, swap: "outerHTML" }).catch(() => {}); /* say() tells */
}
function pulse() {
  const before = beat;
  beat = mark();
  const slept = Math.max(beat.steady - before.steady, Math.abs(beat.wall - before.wall)) > REGULAR_MS + JUMP_MS;
  if (slept) { say(); wake(); }
  runClocks();
  say();
}

/* How many alerts are open, wherever one is: the rail, the title, the tab's picture, the app's badge. */
function tellAlarms() {
  const alarms = $("#alarms"), count = Number(alarms?.dataset.open ?? 0), icon = $("link[rel=icon]");
  if (!alarms) return;
  const bare = document.title.replace(/^\(\d+\) /, ""), title = count ? `(${count}) ${bare}` : bare;
  if (document.title !== title) document.title = title;
  icon.dataset.calm ??= icon.href;
  const eye = `<path d="M2 12c4-6.5 16-6.5 20 0-4 6.5-16 6.5-20 0Z" fill="none" stroke="#12908d" stroke-width="2"/><circle cx="12" cy="12" r="3.4" fill="#12908d"/>`;
  const dot = `<circle cx="17.5" cy="6.5" r="6" fill="${alarms.classList.contains("fail") ? "#d8352a" : "#868f8b"}"/>`;
  const href = count ? `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">${eye}${dot}</svg>`)}` : icon.dataset.calm;
  if (icon.href !== href) icon.href = href;
  navigator.setAppBadge?.(count).catch(() => {}); /* only an installed app has one */
}

document.addEventListener("click", (event) => {
  const themed = event.target.closest(".themes button"), finder = event.target.closest("a.find");
  if (themed) chooseTheme(themed.dataset.theme);
  if (finder && palette && !event.ctrlKey && !event.metaKey) { event.preventDefault(); openPalette(); }
  if (event.target.closest("[data-print]")) window.print();
  $$("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") $$("details.menu[open]").forEach((menu) => { menu.open = false; $("summary", menu).focus(); });
  if (palette?.contains(event.target)) paletteKey(event); else key(event);
});
document.addEventListener("submit", confirmFirst, true);
/* A page that asks again by itself is no sign of life: without this, an abandoned browser would stay signed in. */
document.addEventListener("htmx:configRequest", (event) => { if (!event.detail.triggeringEvent) event.detail.headers["HX-Polling"] = "true"; });
document.addEventListener("htmx:beforeSwap", keep);
document.addEventListener("htmx:afterRequest", silent);
for (const failed of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(failed, () => say(true));
document.addEventListener("htmx:afterSettle", () => { restore(); $$("table[data-sort]").forEach(readyTable); runClocks(); tellAlarms(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) { say(); wake(); } });
for (const woken of ["online", "pageshow"]) addEventListener(woken, () => { if (silence() > REGULAR_MS) wake(); });
palette && $("input", palette).addEventListener("input", (event) => find(event.target.value));
const switchKeys = $("#keys-on");
if (switchKeys) {
  switchKeys.checked = lettersOn();
  switchKeys.addEventListener("change", () => localStorage.setItem("keys", switchKeys.checked ? "on" : "off"));
}
showTheme();
tick();
setInterval(tick, 5000);
setInterval(pulse, REGULAR_MS);
runClocks();
tellAlarms();
$$("table[data-sort]").forEach(readyTable);
})();
