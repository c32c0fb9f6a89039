"use strict";
// Helpers of the plots and the table. The report is the JSON in #data; document.py describes its
// fields. Text from the web goes on the page as text nodes, and through plain() into Plotly, which
// interprets some HTML.

const report = JSON.parse(document.getElementById("data").textContent);
const $ = (id) => document.getElementById(id);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const plain = (text) =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/%\{/g, "%&#123;");

// Numbers as text

const count = (n) => n.toLocaleString("en");
function number(value) {
  if (value === null) return "–";
  return value >= 1000 ? count(Math.round(value)) : String(Number(value.toPrecision(value >= 100 ? 3 : 2)));
}
function seconds(value) {
  if (value === null) return "–";
  if (value === 0) return "0";
  if (value < 0.001) return `${Number((value * 1e6).toPrecision(2))} µs`;
  if (value < 0.9995) return `${Number((value * 1e3).toPrecision(value < 0.01 ? 2 : 3))} ms`;
  if (value < 120) return `${Number(value.toPrecision(3))} s`;
  return clock(value);
}
function clock(value) {
  const whole = Math.round(value);
  const two = (n) => String(n).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// Axes and layouts

const [unit, unitSeconds] = [["s", 1, 180], ["min", 60, 3 * 3600], ["h", 3600, 3 * 86400], ["d", 86400, Infinity]].find(
  (entry) => report.crawl.duration_s <= entry[2],
);
const timeOf = (columns) => columns.start_s.map((start, i) => (start + columns.span_s[i] / 2) / unitSeconds);

function axis(title, more = {}) {
  return {
    title: { text: title, standoff: 8, font: { size: 12, color: colour("quiet") } },
    tickfont: { size: 11.5, color: colour("quiet") },
    gridcolor: colour("grid"), linecolor: colour("line"), zeroline: false, automargin: true, ...more,
  };
}
const timeAxis = (more = {}) => axis("time since the start", {
  ticksuffix: ` ${unit}`, hoverformat: ".2~f", showgrid: false, showline: true,
  range: [0, Math.max(report.crawl.duration_s, 1) / unitSeconds], ...more,
});

// A logarithmic axis just wide enough for the values; ``say`` formats its ticks.
function logAxis(title, values, say, more = {}) {
  const known = values.filter((value) => value > 0).map(Math.log10);
  const low = known.reduce((a, b) => Math.min(a, b), known[0] ?? -3) - 0.12;
  const high = known.reduce((a, b) => Math.max(a, b), known[0] ?? 0) + 0.12;
  const steps = [[2.6, [1]], [1.3, [1, 3]], [0.7, [1, 2, 5]], [0, [1, 1.5, 2, 3, 4, 5, 6, 8]]].find(
    (entry) => high - low > entry[0])[1];
  const ticks = [];
  for (let power = Math.floor(low); power <= high; power++) for (const step of steps) ticks.push(step * 10 ** power);
  return axis(title, { type: "log", range: [low, high], tickvals: ticks, ticktext: ticks.map(say), ...more });
}
const secondsAxis = (title, values, more = {}) => logAxis(title, values, seconds, more);

function layout(more) {
  const font = { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("ink") };
  return {
    margin: { l: 10, r: 14, t: 34, b: 10 },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font,
    hovermode: "x unified",
    hoverlabel: { bgcolor: colour("card"), bordercolor: colour("line"), font },
    legend: { orientation: "h", x: 0, y: 1.02, xanchor: "left", yanchor: "bottom", font: { size: 12 } },
    ...more,
  };
}
function draw(id, traces, shape, nothing = "no measurements") {
  const place = $(id);
  if (!traces.some((trace) => trace.y.some((value) => value !== null))) {
    Plotly.purge(place);
    place.textContent = nothing;
    place.classList.add("empty");
    return;
  }
  if (place.classList.contains("empty")) {
    place.textContent = "";
    place.classList.remove("empty");
  }
  Plotly.react(place, traces, layout(shape), { displayModeBar: false, responsive: true });
}

// A line over time. A single measurement between two gaps would be invisible, so it gets a dot.
function line(name, x, y, paint, more = {}) {
  const missing = (i) => (y[i] ?? null) === null;
  const alone = y.map((_, i) => (!missing(i) && missing(i - 1) && missing(i + 1) ? 4 : 0));
  const dots = alone.some((size) => size > 0);
  return {
    type: "scatter", name, x, y, mode: dots ? "lines+markers" : "lines", line: { color: paint, width: 1.6 },
    ...(dots ? { marker: { size: alone, color: paint, line: { width: 0 } } } : {}), ...more,
  };
}
const secondsLine = (name, x, y, paint, more = {}) =>
  line(name, x, y, paint, { customdata: y.map(seconds), hovertemplate: "%{customdata}", ...more });

// A rate in up to ``bars`` bars, each the mean over its time, so that rare events stay visible.
function binned(columns, y, bars = 100) {
  const each = Math.ceil(y.length / bars);
  const made = { x: [], y: [], width: [] };
  for (let from = 0; from < y.length; from += each) {
    let total = 0;
    let span = 0;
    for (let i = from; i < Math.min(from + each, y.length); i++) {
      total += y[i] * columns.span_s[i];
      span += columns.span_s[i];
    }
    made.x.push((columns.start_s[from] + span / 2) / unitSeconds);
    made.y.push(total / span);
    made.width.push((0.9 * span) / unitSeconds);
  }
  return made;
}
