"use strict";
// The lab's report: the JSON in #data (document.py, fetch.py) as plots. Each section of the document
// has a function in SECTIONS that puts it on the page.

const lab = JSON.parse(document.getElementById("data").textContent);
const main = document.getElementById("main");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const mid = (row, key) => row[key]?.median ?? null;
const plain = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
function short(value, digits = 3) {
  if (value === null || value === undefined) return "–";
  return value >= 1000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(digits)));
}
const percent = (value) => (value === null ? "–" : `${Math.round(value * 100)} %`);

const drawings = [];
function figure(grid, title, note, draw, kind = "") {
  const place = element("div");
  grid.append(element("figure", { class: kind }, element("figcaption", {}, title, element("small", {}, note)), place));
  drawings.push(() => {
    const [traces, shape] = draw();
    const font = { family: getComputedStyle(document.body).fontFamily, size: 12, color: colour("ink") };
    Plotly.react(place, traces, {
      margin: { l: 10, r: 14, t: 14, b: 10 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font,
      hovermode: "closest", hoverlabel: { bgcolor: colour("card"), bordercolor: colour("line"), font },
      ...shape,
    }, { displayModeBar: false, responsive: true });
  });
}
function axis(title, more = {}) {
  return {
    title: { text: title, standoff: 8, font: { size: 12, color: colour("quiet") } },
    tickfont: { size: 11.5, color: colour("quiet") }, gridcolor: colour("grid"), linecolor: colour("line"),
    zeroline: false, automargin: true, ...more,
  };
}
function logTicks(values, steps = [1, 2, 5]) {
  const known = values.filter((value) => value > 0);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++) {
    for (const step of steps) if (step * 10 ** power >= low / 1.3 && step * 10 ** power <= high * 1.3) ticks.push(step * 10 ** power);
  }
  return ticks.length > 9 && steps.length > 1 ? logTicks(values, steps.length === 3 ? [1, 3] : [1]) : ticks;
}
function logAxis(title, values, say = short, more = {}) {
  const ticks = logTicks(values);
  return axis(title, { type: "log", tickvals: ticks, ticktext: ticks.map((value) => say(value)), ...more });
}

// A hue a family of models, a dash or a shade a member.
const FAMILIES = [
  ["none", "grey"], ["process", "r0"], ["thread", "r2"], ["loop", "blue"], ["greenlet", "r3"], ["asyncio", "r4"],
  ["twisted", "r6"], ["crawler", "green"], ["workers", "blue-deep"],
];
const FAMILY_OF = {
  select: "loop", poll: "loop", epoll: "loop", generators: "loop", "io-uring": "loop", greenlets: "greenlet",
  "gevent-libev": "greenlet", "gevent-libuv": "greenlet", asyncio: "asyncio", uvloop: "asyncio", tornado: "asyncio",
  "twisted-epoll": "twisted", "twisted-asyncio": "twisted", scrapy: "crawler", crawlproj: "crawler",
};
const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"];
const SYMBOLS = ["circle", "square", "diamond", "triangle-up", "x"];
function look(name, models) {
  const family = (each) => FAMILY_OF[each] ?? models[each].unit;
  const mates = Object.keys(models).filter((each) => family(each) === family(name));
  const place = mates.indexOf(name) % DASHES.length;
  const paint = colour((FAMILIES.find((entry) => entry[0] === family(name)) ?? ["", "grey"])[1]);
  return { line: { color: paint, width: 1.8, dash: DASHES[place] }, marker: { color: paint, size: 6, symbol: SYMBOLS[place] } };
}

function verdict(holds) {
  const [mark, kind, words] = holds === null ? ["?", "none", "the rounds disagree"]
    : holds ? ["✓", "yes", "measured so"] : ["✗", "no", "measured otherwise"];
  return element("td", { class: kind, title: words }, mark);
}
function claims(rows) {
  const body = element("tbody", {}, ...rows.map((row) => element("tr", {},
    verdict(row.holds),
    element("td", {}, row.statement), element("td", {}, row.figure))));
  return element("section", { class: "table claims" }, element("table", {},
    element("thead", {}, element("tr", {}, element("th"), element("th", {}, "What is said"), element("th", {}, "What was measured"))), body));
}

function fetching(section) {
  const { models, cells, matrix, memory, settings } = section;
  const done = cells.filter((row) => row.pages_per_s && !row.broke);
  const names = Object.keys(models).filter((name) => done.some((row) => row.model === name));
  const of = (name) => done.filter((row) => row.model === name).sort((a, b) => a.in_flight - b.in_flight);
  const largest = Math.max(...settings.in_flight);
  const from = settings.url ? `from ${settings.url}` : `each of ${short(settings.page_bytes / 1000)} KB after ${settings.latency}`;
  main.append(element("h2", {}, "Fetching"), element("p", { class: "what" },
    `Pages ${from}, ${settings.parse_ms} ms of pure-Python parsing each; medians of ${settings.rounds} ` +
    `round${settings.rounds === 1 ? "" : "s"}, bars from least to most.`));
  main.append(claims(section.claims));
  main.append(element("h2", {}, "Against requests in flight"));
  const grid = element("section", { class: "grid" });
  main.append(grid);

  const flights = [...new Set(done.map((row) => row.in_flight))].sort((a, b) => a - b);
  const flightAxis = () => axis("requests in flight", { type: "log", tickvals: flights, ticktext: flights.map(String), showgrid: false, showline: true });
  const lines = (key, scale, unit) => names.map((name) => {
    const rows = of(name).filter((row) => row[key]);
    const at = (part) => rows.map((row) => row[key][part] * scale);
    return {
      type: "scatter", mode: "lines+markers", name: models[name].title, ...look(name, models),
      x: rows.map((row) => row.in_flight), y: at("median"),
      error_y: { type: "data", symmetric: false, array: at("high").map((high, i) => high - at("median")[i]),
        arrayminus: at("median").map((median, i) => median - at("low")[i]), thickness: 0.7, width: 0 },
      customdata: at("median").map((value) => short(value)), hovertemplate: `%{fullData.name}, %{x} in flight: %{customdata}${unit}<extra></extra>`,
    };
  });
  const values = (key, scale) => done.filter((row) => row[key]).map((row) => row[key].median * scale);
  const legend = { legend: { x: 1.01, y: 1, font: { size: 11.5 } } };
  figure(grid, "Throughput", "pages per second; the grey line is what waiting alone allows", () => {
    const ideal = { type: "scatter", mode: "lines", name: "waiting alone", line: { color: colour("grey"), width: 1, dash: "dot" }, hoverinfo: "skip",
      x: flights, y: flights.map((flight) => Math.max(...done.filter((row) => row.in_flight === flight).map((row) => row.ideal_per_s.median))) };
    return [[ideal, ...lines("pages_per_s", 1, " pages/s")], { ...legend, xaxis: flightAxis(), yaxis: logAxis("pages/s, log scale", values("pages_per_s", 1)) }];
  }, "wide");
  figure(grid, "Memory", "peak PSS of the whole process tree", () =>
    [lines("pss_mb", 1, " MB"), { showlegend: false, xaxis: flightAxis(), yaxis: logAxis("MB, log scale", values("pss_mb", 1)) }]);
  figure(grid, "CPU per page", "user and system, whole process tree", () =>
    [lines("cpu_ms", 1, " ms"), { showlegend: false, xaxis: flightAxis(), yaxis: logAxis("ms, log scale", values("cpu_ms", 1)) }]);
  figure(grid, "Latency, 99th percentile", "from the decision to fetch until the body is there", () =>
    [lines("p99_s", 1000, " ms"), { showlegend: false, xaxis: flightAxis(), yaxis: logAxis("ms, log scale", values("p99_s", 1000)) }]);
  figure(grid, "Efficiency", "of what waiting alone allows", () =>
    [lines("efficiency", 100, " %"), { showlegend: false, xaxis: flightAxis(), yaxis: axis("", { ticksuffix: " %", range: [0, 108] }) }]);

  main.append(element("h2", {}, "What it costs"));
  const costs = element("section", { class: "grid" });
  main.append(costs);
  // Each model at the most it was asked to have in flight.
  const most = names.map((name) => of(name).at(-1));
  const label = (row) => `${models[row.model].title} (${row.in_flight})`;
  const bars = (rows, key, name, paint) => ({
    type: "bar", orientation: "h", name, y: rows.map(label), x: rows.map((row) => mid(row, key)), marker: { color: colour(paint) },
    customdata: rows.map((row) => short(mid(row, key))), hovertemplate: "%{y}: %{customdata} %{fullData.name}<extra></extra>",
  });
  const ranked = (...keys) => most.filter((row) => row[keys[0]]).sort((a, b) =>
    keys.reduce((sum, key) => sum + mid(b, key) - mid(a, key), 0));
  const barShape = (title) => ({ barmode: "stack", xaxis: axis(title), yaxis: axis("", { showgrid: false }), legend: { orientation: "h", x: 1, xanchor: "right", y: 1.02, yanchor: "bottom" }, margin: { l: 10, r: 14, t: 30, b: 10 } });
  figure(costs, "CPU per page", "at the most in flight (in brackets)", () => {
    const rows = ranked("user_ms", "system_ms");
    return [[bars(rows, "user_ms", "ms in Python and libraries", "blue"), bars(rows, "system_ms", "ms in the kernel", "orange")], barShape("ms")];
  }, "tall");
  figure(costs, "Context switches per page", "at the most in flight (in brackets)", () => {
    const rows = ranked("voluntary", "involuntary");
    return [[bars(rows, "voluntary", "voluntary", "green"), bars(rows, "involuntary", "involuntary", "red")], barShape("switches")];
  }, "tall");
  figure(costs, "Memory for one more in flight", "slope of PSS over requests in flight", () => {
    const rows = memory.filter((row) => row.kb_per_unit > 0).sort((a, b) => b.kb_per_unit - a.kb_per_unit);
    const paints = { process: "r0", thread: "r2", workers: "blue-deep" };
    return [[{
      type: "bar", orientation: "h", y: rows.map((row) => models[row.model].title), x: rows.map((row) => row.kb_per_unit),
      marker: { color: rows.map((row) => colour(paints[row.unit] ?? "blue")) }, text: rows.map((row) => `${short(row.kb_per_unit)} KB`),
      textposition: "outside", cliponaxis: false, hovertemplate: "%{y}: %{text}, base %{customdata} MB<extra></extra>", customdata: rows.map((row) => short(row.base_mb)),
    }], { showlegend: false, margin: { l: 10, r: 60, t: 14, b: 10 }, xaxis: logAxis("KB, log scale", rows.map((row) => row.kb_per_unit)), yaxis: axis("", { showgrid: false }) }];
  }, "wide tall");

  if (matrix.length) {
    main.append(element("h2", {}, "n workers × c in flight"));
    main.append(element("p", { class: "what" }, "Pages per second of asyncio on uvloop; a column has the same requests in flight in all, a row the same number of processes."));
    const heat = element("section", { class: "grid three" });
    main.append(heat);
    const distinct = (key) => [...new Set(matrix.map((row) => row[key]))].sort((a, b) => a - b);
    for (const cost of distinct("parse_ms")) {
      figure(heat, `Parsing ${cost} ms a page`, "pages per second", () => {
        const find = (workers, total) => matrix.find((row) => row.workers === workers && row.in_flight === total && row.parse_ms === cost);
        const z = distinct("workers").map((workers) => distinct("in_flight").map((total) => mid(find(workers, total) ?? {}, "pages_per_s")));
        const high = Math.log10(Math.max(...z.flat()));
        return [[{
          type: "heatmap", zmin: high - 1.6, zmax: high, x: distinct("in_flight").map((total) => `${total} in flight`), y: distinct("workers").map((n) => `${n} worker${n === 1 ? "" : "s"}`),
          z: z.map((row) => row.map((value) => value && Math.log10(value))), text: z.map((row) => row.map((value) => short(value))), texttemplate: "%{text}", textfont: { size: 14, color: colour("ink") },
          colorscale: [[0, colour("card")], [1, colour("blue-soft")]], showscale: false, hovertemplate: "%{y}, %{x}: %{text} pages/s<extra></extra>", xgap: 2, ygap: 2,
        }], { xaxis: axis("", { showgrid: false, type: "category" }), yaxis: axis("", { showgrid: false, type: "category" }) }];
      });
    }
  }
  main.append(element("h2", {}, "All figures"), table(section, largest));
}

function table({ models, cells, reach }, largest) {
  const COLUMNS = [
    ["in flight", (row) => row.in_flight], ["workers", (row) => row.workers], ["pages/s", (row) => short(mid(row, "pages_per_s"))],
    ["of ideal", (row) => percent(mid(row, "efficiency"))], ["user ms", (row) => short(mid(row, "user_ms"), 2)],
    ["system ms", (row) => short(mid(row, "system_ms"), 2)], ["voluntary", (row) => short(mid(row, "voluntary"), 2)],
    ["involuntary", (row) => short(mid(row, "involuntary"), 2)], ["PSS MB", (row) => short(mid(row, "pss_mb"))],
    ["connections", (row) => short(mid(row, "connections"))], ["opened", (row) => short(mid(row, "opened"))],
    ["p50 ms", (row) => short((mid(row, "p50_s") ?? NaN) * 1000)], ["p99 ms", (row) => short((mid(row, "p99_s") ?? NaN) * 1000)],
    ["site busy", (row) => percent(mid(row, "site_busy"))],
  ];
  const rows = cells.map((row) => element("tr", {}, element("td", {}, models[row.model].title), ...(row.broke
    ? [element("td", {}, String(row.in_flight)), element("td", { class: "words no", colspan: COLUMNS.length - 1 }, `broke: ${row.broke}`)]
    : COLUMNS.map(([, say]) => element("td", {}, String(say(row)))))));
  for (const [name, found] of Object.entries(reach)) {
    if (found.broke) rows.push(element("tr", {}, element("td", {}, models[name].title), element("td", {}, String(found.in_flight)),
      element("td", { class: "words no", colspan: COLUMNS.length - 1 }, `broke: ${found.broke}`)));
  }
  for (const model of Object.values(models).filter((each) => each.unavailable)) {
    rows.push(element("tr", {}, element("td", {}, model.title), element("td", { class: "words", colspan: COLUMNS.length }, `unavailable: ${model.unavailable}`)));
  }
  for (const model of Object.values(models).filter((each) => each.most && each.most < largest && each.most > 1 && !each.unavailable)) {
    rows.push(element("tr", {}, element("td", {}, model.title), element("td", { class: "words", colspan: COLUMNS.length }, `not asked for more than ${model.most}: the bound of process models`)));
  }
  return element("section", { class: "table" }, element("div", { class: "scroll" }, element("table", {},
    element("thead", {}, element("tr", {}, element("th", {}, "model"), ...COLUMNS.map(([title]) => element("th", {}, title)))),
    element("tbody", {}, ...rows))));
}

const SECTIONS = { fetch: fetching };

function about({ machine }) {
  const libraries = Object.entries(machine.libraries).map(([name, version]) => `${name} ${version}`).join(", ");
  document.getElementById("about").append(
    element("b", {}, `${machine.cpu}, ${machine.cores} cores, ${machine.memory_gb} GB`),
    `, ${machine.system}, ${machine.python}, ${libraries}. ${new Date(machine.measured_at * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC, load before: ${machine.load} per core` +
    (machine.busy ? "; others were at work, so the figures are provisional." : "."));
}

about(lab);
for (const [name, show] of Object.entries(SECTIONS)) if (lab[name]) show(lab[name]);
const drawAll = () => drawings.forEach((draw) => draw());
drawAll();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
