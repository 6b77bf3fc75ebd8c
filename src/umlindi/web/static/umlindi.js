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

/* Clock: in the house's zone, whatever this computer's. */
function tick() {
  const clock = $("#clock");
  if (!clock) return;
  const show = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: clock.dataset.zone, ...options }).format(new Date());
  $("small", clock).textContent = show({ weekday: "short", day: "numeric", month: "short" }).replace(",", "");
  $("span", clock).textContent = show({ hour: "2-digit", minute: "2-digit" });
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
  dialog.onclose = () => { if (dialog.returnValue === "yes") { form.dataset.sure = "1"; form.requestSubmit(event.submitter); } };
}

/* Live regions: a page fetched again is put in only where it differs; what is open stays open, focus and sorting stay. */
let kept = null, last = "";
function keep(event) {
  const region = event.detail.target, fresh = event.detail.serverResponse;
  if (!region.classList?.contains("live") || event.detail.xhr.status !== 200) return;
  if (!fresh.includes('class="live"')) { event.detail.shouldSwap = false; location.reload(); return; } /* signed out meanwhile */
  const same = strip(fresh) === last && !$(".asked", region);
  last = strip(fresh);
  if (same || $("dialog[open]") || region.contains(document.activeElement?.closest("input, textarea, select"))) { event.detail.shouldSwap = false; return; }
  kept = {
    open: $$("details[open][id]", region).map((one) => one.id),
    focus: region.contains(document.activeElement) ? document.activeElement.id : "",
    said: $("h1", region)?.textContent,
  };
}
const strip = (page) => page.replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "").replace(/<time id="clock".*?<\/time>/s, "");
function restore() {
  if (!kept) return;
  kept.open.forEach((id) => { const one = document.getElementById(id); if (one) one.open = true; });
  if (kept.focus) document.getElementById(kept.focus)?.focus({ preventScroll: true });
  const said = $(".live h1")?.textContent;
  if (said !== kept.said) $("#said").textContent = said;
  kept = null;
}

/* A page that no longer hears from the house says so: what looks well may be old. */
let heard = new Date();
function silent(event) {
  const banner = $("#silent"), old = event.detail.xhr?.status !== 200;
  if (!banner || !event.detail.target?.classList?.contains("live")) return;
  if (!old) heard = new Date();
  $("b", banner).textContent = heard.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: $("#clock").dataset.zone });
  banner.hidden = !old;
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
document.addEventListener("htmx:afterSettle", () => { restore(); $$("table[data-sort]").forEach(readyTable); });
palette && $("input", palette).addEventListener("input", (event) => find(event.target.value));
const switchKeys = $("#keys-on");
if (switchKeys) {
  switchKeys.checked = lettersOn();
  switchKeys.addEventListener("change", () => localStorage.setItem("keys", switchKeys.checked ? "on" : "off"));
}
showTheme();
tick();
setInterval(tick, 15000);
$$("table[data-sort]").forEach(readyTable);
})();
