/* Charts of what was measured: the drawing that came with the page becomes one that answers to the pointer (uPlot).
   Colours are the drawing's own, so that both themes stay the style sheet's. */
(() => {
"use strict";
const HEIGHT = 180;
const COLUMNS = { p50: "half within", p95: "95 % within", longest: "longest", answers: "answers", not_up: "not up" };
const charts = new Map();

function say(value, unit) {
  if (value === null || value === undefined) return "–";
  if (unit === "share") return `${(value * 100).toFixed(0)} %`;
  if (unit === "count") return value.toLocaleString("en-ZA");
  if (unit === "bytes") return `${(value / 1e9).toFixed(1)} GB`;
  if (unit === "ms" && Math.abs(value) >= 1000) return say(value / 1000, "s");
  return `${value.toFixed(Math.abs(value) >= 10 || value === 0 ? 0 : 1)} ${unit}`;
}
function column(figure, name, unit) {
  const line = figure.querySelector(`svg .${name}`);
  const shown = { label: COLUMNS[name], value: (_, value) => say(value, line || name === "longest" ? unit : "count") };
  if (!line) return { ...shown, show: true, paths: () => null, points: { show: false }, scale: "other" };
  return { ...shown, width: 1.5, points: { show: false }, paths: uPlot.paths.stepped({ align: 1 }), stroke: () => getComputedStyle(line).stroke };
}
/* What was not up, as a strip at the foot. */
function strip(chart, figure, data) {
  const { ctx, bbox } = chart, step = data.at.length > 1 ? data.at[1] - data.at[0] : 3600;
  ctx.fillStyle = getComputedStyle(figure.querySelector("svg .not-up")).fill;
  data.at.forEach((at, i) => {
    if (!data.not_up[i]) return;
    const left = chart.valToPos(at, "x", true), right = Math.min(chart.valToPos(at + step, "x", true), bbox.left + bbox.width);
    ctx.fillRect(left, bbox.top + bbox.height - 6 * devicePixelRatio, Math.max(right - left, devicePixelRatio), 6 * devicePixelRatio);
  });
}
function options(figure, data, width) {
  const ink = () => getComputedStyle(figure.querySelector("figcaption small")).color;
  const grid = { stroke: () => getComputedStyle(figure.querySelector("svg")).borderBottomColor, width: 1 };
  const long = data.at[data.at.length - 1] - data.at[0] > 3 * 86400;
  const mark = new Intl.DateTimeFormat("en-GB", { timeZone: data.zone, ...(long ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit" }) });
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone: data.zone, day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const font = `12px ${getComputedStyle(figure).fontFamily}`;
  return {
    width, height: HEIGHT,
    hooks: { draw: [(chart) => strip(chart, figure, data)] },
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), data.zone),
    cursor: { y: false, drag: { x: false, y: false } },
    legend: { live: true },
    scales: { y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.05 : 1] }, other: { auto: false, range: [0, 1] } },
    axes: [
      { font, stroke: ink, grid, ticks: grid, values: (_, marks) => marks.map((at) => mark.format(at * 1000)) },
      { font, stroke: ink, grid, ticks: grid, size: 64, values: (_, marks) => marks.map((mark) => say(mark, data.unit)) },
    ],
    series: [{ label: "from", value: (_, at) => (at === null ? "–" : clock.format(at * 1000)) }, ...Object.keys(COLUMNS).map((name) => column(figure, name, data.unit))],
  };
}
/* A figure in a closed <details> has no width, and is drawn when it first has one. */
function take(figure) {
  if (charts.has(figure)) return;
  const data = JSON.parse(figure.querySelector("script").textContent), plot = figure.querySelector(".plot");
  if (!data.at.length) return;
  charts.set(figure, null);
  new ResizeObserver(() => {
    const width = plot.clientWidth, chart = charts.get(figure);
    if (width && chart) chart.setSize({ width, height: HEIGHT });
    else if (width) draw(figure, data, plot, width);
  }).observe(plot);
}
function draw(figure, data, plot, width) {
  const columns = [data.at, ...Object.keys(COLUMNS).map((name) => data[name])];
  charts.set(figure, new uPlot(options(figure, data, width), columns, plot));
  figure.classList.add("drawn");
}
function takeAll() {
  for (const [figure, chart] of charts) if (!figure.isConnected) { chart?.destroy(); charts.delete(figure); }
  document.querySelectorAll("figure.latency").forEach(take);
}
const redraw = () => charts.forEach((chart) => chart?.redraw());
takeAll();
document.addEventListener("htmx:afterSettle", takeAll);
new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
})();
