"use strict";
// Shared by the sections of the page. The results, lab.json, are in #data (see results_file.py).

const lab = JSON.parse(document.getElementById("data").textContent);
const main = document.getElementById("main");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const median = (row, key) => row[key]?.median ?? null;
const distinct = (values) => [...new Set(values)].sort((a, b) => a - b);

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
function put(...children) {
  const [first] = children;
  main.append(...children);
  return first;
}
const prose = (text) => element("p", { class: "prose" }, text);
const cards = (kind = "") => put(element("section", { class: `grid ${kind}` }));

// Numbers as text

function short(value, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return value >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(digits)));
}
const percent = (value) => (value === null ? "–" : `${Math.round(value * 100)}%`);
const ms = (row, key, digits = 3) => short((median(row, key) ?? NaN) * 1000, digits);
const rounds = (count) => (count === 1 ? "one round" : `medians of ${count} rounds`);
function measuredAt({ machine }) {
  const at = new Date(machine.measured_at * 1000).toISOString().slice(0, 16).replace("T", " ");
  const others = machine.others == null ? "" : `; other programs used ${percent(machine.others)} of the machine just before or after`;
  return `Measured ${at} UTC${others}${machine.busy ? ", so the figures are provisional" : ""}.`;
}

// Headings: h2 for a section, h3 for its parts. lab.js lists them in the table of contents.

function heading(level, text) {
  put(element(level, { id: text.toLowerCase().replace(/[^a-z0-9]+/g, "-") }, text));
}

// Plots

const NARROW = matchMedia("(max-width: 700px)");
const drawings = [];
// draw(narrow): returns traces and layout. height: in px, or a function of narrow.
function figure(grid, title, note, draw, { kind = "", height = null } = {}) {
  const place = element("div");
  grid.append(element("figure", { class: kind }, element("figcaption", {}, title, element("small", {}, note)), place));
  drawings.push(() => {
    if (height) place.style.height = `${height instanceof Function ? height(NARROW.matches) : height}px`;
    const [traces, shape] = draw(NARROW.matches);
    const font = { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("ink") };
    Plotly.react(place, traces, {
      margin: { l: 10, r: 14, t: 14, b: 10 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font,
      hovermode: "closest", hoverlabel: { bgcolor: colour("card"), bordercolor: colour("line"), font }, dragmode: false,
      width: place.clientWidth, height: place.clientHeight, ...shape,
    }, { displayModeBar: false });
  });
}
function axis(title, more = {}) {
  return {
    title: { text: title, standoff: 8, font: { size: 12, color: colour("quiet") } },
    tickfont: { size: 11.5, color: colour("quiet") }, gridcolor: colour("grid"), linecolor: colour("line"),
    zeroline: false, automargin: true, ...more,
  };
}
const STEPS = [[1, 2, 5], [1, 3], [1]];
function logTicks(values, maxTicks) {
  const known = values.filter((value) => value > 0);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const ticks = (steps) => {
    const found = [];
    for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++) {
      for (const step of steps) if (step * 10 ** power >= low / 1.3 && step * 10 ** power <= high * 1.3) found.push(step * 10 ** power);
    }
    return found;
  };
  return STEPS.map(ticks).find((found) => found.length <= maxTicks) ?? ticks([1]);
}
function logAxis(title, values, more = {}, maxTicks = NARROW.matches ? 6 : 9) {
  const ticks = logTicks(values, maxTicks);
  return axis(`${title}, log scale`, { type: "log", tickvals: ticks, ticktext: ticks.map((value) => short(value)), ...more });
}
const ABOVE = { orientation: "h", x: 0, xanchor: "left", y: 1.01, yanchor: "bottom", traceorder: "normal" };

// Horizontal bars, one row per model, stacked if there are several parts.
// rows: from top to bottom. parts: [{ name, paint, value(row), text(row) }].
function bars(grid, title, note, unit, rows, label, parts, kind = "") {
  figure(grid, title, note, (narrow) => [
    parts.map(({ name, paint, value, text = (row) => `${short(value(row))} ${unit}` }) => ({
      type: "bar", orientation: "h", name, y: rows.map((row) => label(row, narrow)), x: rows.map(value), marker: { color: colour(paint) },
      ...(parts.length === 1 && { text: rows.map((row) => short(value(row))), textposition: "outside", cliponaxis: false }),
      customdata: rows.map(text), hovertemplate: `%{y}: %{customdata}${parts.length > 1 ? ` ${name}` : ""}<extra></extra>`,
    })),
    {
      barmode: "stack", showlegend: parts.length > 1, legend: ABOVE, margin: { l: 10, r: parts.length > 1 ? 14 : 44, t: parts.length > 1 ? 34 : 8, b: 10 },
      xaxis: axis(unit, { rangemode: "tozero" }), yaxis: axis("", { showgrid: false, autorange: "reversed" }),
    },
  ], { kind, height: 90 + 23 * rows.length });
}

// Times on a log axis, one row per model, with its groups (such as with and without) below each other
// and a mark per percentile. groups: [{ name, paint, marks: { p50: key, … } }], keys in seconds.
const SYMBOLS_OF = { p50: "circle", p99: "diamond", max: "line-ns" };
function delays(grid, title, note, rows, label, groups, limit = null) {
  const keys = groups.flatMap((group) => Object.values(group.marks));
  const values = rows.flatMap((row) => keys.map((key) => median(row, key) * 1000)).filter((value) => value > 0);
  const range = ({ median, low, high }) => `${short(median * 1000)} ms${low < high ? ` (${short(low * 1000)} to ${short(high * 1000)})` : ""}`;
  figure(grid, title, note, (narrow) => {
    const place = (i, group) => i + (groups.indexOf(group) - (groups.length - 1) / 2) * 0.34;
    const traces = groups.flatMap((group) => {
      const span = (row) => Object.values(group.marks).map((key) => median(row, key) * 1000).filter((value) => value > 0);
      const joined = {
        type: "scatter", mode: "lines", showlegend: false, hoverinfo: "skip", line: { color: colour(group.paint), width: 2 }, opacity: 0.4,
        x: rows.flatMap((row) => [Math.min(...span(row)), Math.max(...span(row)), null]),
        y: rows.flatMap((_, i) => [place(i, group), place(i, group), null]),
      };
      return [joined, ...Object.entries(group.marks).map(([mark, key]) => {
        const known = rows.map((row, i) => [row, i]).filter(([row]) => median(row, key) > 0);
        return {
          type: "scatter", mode: "markers", name: `${group.name}: ${mark}`,
          marker: { color: colour(group.paint), size: 8, symbol: SYMBOLS_OF[mark], ...(mark === "max" && { size: 12, line: { color: colour(group.paint), width: 2 } }) },
          x: known.map(([row]) => median(row, key) * 1000), y: known.map(([, i]) => place(i, group)),
          customdata: known.map(([row]) => `${label(row)}, ${group.name}: ${mark} ${range(row[key])}`), hovertemplate: "%{customdata}<extra></extra>",
        };
      })];
    });
    if (limit) traces.push({
      type: "scatter", mode: "lines", name: limit.name, x: [limit.at, limit.at], y: [-0.5, rows.length - 0.5],
      line: { color: colour("ink"), width: 1, dash: "dot" }, hoverinfo: "skip",
    });
    return [traces, {
      legend: ABOVE, xaxis: logAxis("ms", limit ? [...values, limit.at] : values),
      yaxis: axis("", { showgrid: false, tickvals: rows.map((_, i) => i), ticktext: rows.map((row) => label(row, narrow)), range: [rows.length - 0.5, -0.5] }),
      shapes: rows.slice(1).map((_, i) => ({ type: "line", xref: "paper", x0: 0, x1: 1, y0: i + 0.5, y1: i + 0.5, line: { color: colour("grid"), width: 1 } })),
    }];
  }, { kind: "wide", height: (narrow) => (narrow ? 190 : 110) + 36 * rows.length });
}

// Tables

function verdict(holds) {
  const [mark, kind, words] = holds === null ? ["undecided", "none", "the rounds disagree, or other programs kept the machine busy"]
    : holds ? ["✓", "yes", "confirmed"] : ["✗", "no", "refuted"];
  return element("td", { class: kind, title: words }, mark);
}
function claims(rows) {
  if (!rows.length) return;
  const body = element("tbody", {}, ...rows.map((row) => element("tr", {},
    verdict(row.holds),
    element("td", {}, row.statement), element("td", {}, row.figure))));
  put(element("section", { class: "table claims" }, element("table", {},
    element("thead", {}, element("tr", {}, element("th"), element("th", {}, "Claim"), element("th", {}, "Measured"))), body)));
}
// columns: [[title, text(row)]]. notes: [[title, words]], rows with words instead of figures.
function figures(columns, rows, notes = []) {
  const line = (row) => element("tr", {}, ...columns.map(([, text]) => element("td", {}, String(text(row)))));
  const note = ([title, words]) => element("tr", {}, element("td", {}, title), element("td", { class: "words", colspan: columns.length - 1 }, words));
  put(element("section", { class: "table" }, element("div", { class: "scroll" }, element("table", {},
    element("thead", {}, element("tr", {}, ...columns.map(([title]) => element("th", {}, title)))),
    element("tbody", {}, ...rows.map(line), ...notes.map(note))))));
}
// The models without figures, and the reasons: [[title, words]].
function failures(models, rows) {
  return [
    ...rows.filter((row) => row.failure).map((row) => [models[row.model].title, `failed: ${row.failure}`]),
    ...Object.values(models).filter((model) => model.unavailable).map((model) => [model.title, `unavailable: ${model.unavailable}`]),
  ];
}
