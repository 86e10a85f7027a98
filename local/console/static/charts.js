// Small charts of the last hour, drawn by uPlot (vendor/). Lines differ by their dashes, too, not only by colour.
/* global uPlot */
import { h } from "./dom.js";
import { clock } from "./format.js";

const HOUR = 3600;
const SHORTEST = 300;
const HEIGHT = 96;
const DASHES = [[], [5, 3]];
const STEPS = [1, 2, 5].flatMap((digit) => [0, 1, 2, 3, 4, 5, 6, 7, 8].map((power) => digit * 10 ** power)).sort((one, other) => one - other);
const charts = new Map();
// With forced colours an area would be as dark as its line.
const plainColours = matchMedia("(forced-colors: active)");

// A canvas needs a plain colour: the value of the page's variable for the present theme.
const sample = document.body.appendChild(h("span", { hidden: true }));

function colour(name) {
  sample.style.color = `var(${name})`;
  return getComputedStyle(sample).color;
}

function options(box, lines, format) {
  const text = colour("--quiet");
  const axis = { stroke: text, font: "11px system-ui, sans-serif", ticks: { show: false }, grid: { stroke: colour("--grid"), width: 1 } };
  return {
    width: Math.max(120, box.clientWidth),
    height: HEIGHT,
    padding: [6, 14, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: true }, y: { range: (chart, low, high) => [0, Math.max(1, (high ?? 0) * 1.1)] } },
    axes: [
      { ...axis, size: 18, gap: 3, space: 70, values: (chart, ticks) => ticks.map((tick) => new Date(tick * 1000).toISOString().slice(11, 16)) },
      { ...axis, size: 40, gap: 4, space: 26, incrs: STEPS, values: (chart, ticks) => ticks.map(short) },
    ],
    series: [{}, ...lines.map((line, index) => ({
      label: line.label, stroke: colour(line.colour), width: 1.6, dash: DASHES[index], points: { show: false }, spanGaps: false,
      fill: index === 0 && !plainColours.matches ? colour("--area") : undefined,
    }))],
  };
}

// An axis has little room: 120000 is 120k.
function short(number) {
  return number.toLocaleString("en-US", { notation: "compact" });
}

function draw(entry) {
  entry.chart?.destroy();
  entry.chart = new uPlot(options(entry.box, entry.lines, entry.format), entry.data, entry.box);
}

function fit(entry) {
  const width = entry.box.clientWidth;
  if (entry.chart && width > 0 && Math.abs(entry.chart.width - width) > 1) entry.chart.setSize({ width, height: HEIGHT });
}

// A chart, always the same element for a key, so that it survives when its surroundings are built again.
// `lines` are {label, colour, values}; `times` in seconds since 1970. `format` makes a tick's text.
export function chart(key, times, lines, format) {
  let entry = charts.get(key);
  if (!entry) {
    entry = { box: h("div", { class: "chart", role: "img" }) };
    charts.set(key, entry);
    new ResizeObserver(() => fit(entry)).observe(entry.box);
  }
  Object.assign(entry, { lines, format, data: window_(times, lines) });
  entry.box.setAttribute("aria-label", description(times, lines, format));
  if (entry.chart) entry.chart.setData(entry.data);
  else requestAnimationFrame(() => entry.chart ?? draw(entry));
  return entry.box;
}

// The last hour, or as much of it as there is, but at least five minutes: the start is a point without values.
function window_(times, lines) {
  const end = times.at(-1) ?? Date.now() / 1000;
  const start = Math.max(end - HOUR, Math.min(times[0] ?? end, end - SHORTEST));
  if (times.length && times[0] <= start) return [times, ...lines.map((line) => line.values)];
  return [[start, ...times], ...lines.map((line) => [null, ...line.values])];
}

function description(times, lines, format) {
  if (!times.length) return "No measurement yet.";
  const parts = lines.map((line) => {
    const known = line.values.filter((value) => value !== null);
    if (!known.length) return `${line.label}: not measured`;
    return `${line.label}: now ${format(known.at(-1))}, at most ${format(Math.max(...known))}`;
  });
  return `Since ${clock(times[0])}: ${parts.join("; ")}.`;
}

// The colours are the page's, also after the reader's system changed between light and dark.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts.forEach(draw));

export function legend(lines) {
  return h("p", { class: "legend" }, lines.map((line, index) => h("span", {}, h("i", { class: `line line-${index}`, "aria-hidden": true }), line.label)));
}
