// The section of fetch/measure.py: pages fetched under every model.

// A hue per family of models, a dash and a symbol per member.
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
function style(name, models) {
  const family = (each) => FAMILY_OF[each] ?? models[each].unit;
  const mates = Object.keys(models).filter((each) => family(each) === family(name));
  const place = mates.indexOf(name) % DASHES.length;
  const paint = colour((FAMILIES.find((entry) => entry[0] === family(name)) ?? ["", "grey"])[1]);
  return { line: { color: paint, width: 1.8, dash: DASHES[place] }, marker: { color: paint, size: 6, symbol: SYMBOLS[place] } };
}

function showFetch(section) {
  const { models, cells, memory, matrix, settings } = section;
  const done = cells.filter((row) => row.pages_per_s && !row.failure);
  const names = Object.keys(models).filter((name) => done.some((row) => row.model === name));
  const of = (name) => done.filter((row) => row.model === name).sort((a, b) => a.in_flight - b.in_flight);
  const from = settings.url ? `from ${settings.url}` : `of ${short(settings.page_bytes / 1000)} KB, latency ${settings.latency}`;
  heading("h2", "Fetching");
  put(prose(`Pages ${from}, ${settings.parse_ms} ms of pure-Python parsing each; ${rounds(settings.rounds)}` +
    `${settings.rounds === 1 ? "" : " (of one in flight, a single round), with bars from minimum to maximum"}. ${measuredAt(section)}`));
  if (section.recommendation) put(element("p", {}, element("strong", {}, section.recommendation)));
  claims(section.claims);
  if (memory.length) showMemory(memory, models);
  if (matrix.some((row) => row.pages_per_s)) showMatrix(matrix.filter((row) => row.pages_per_s && !row.failure));
  if (settings.in_flight.length > 1 && done.length) showSweep(done, names, of, models);
  // Each model at its largest load.
  const largest = names.map((name) => of(name).at(-1));
  if (largest.length) showCosts(largest, models, settings.in_flight.length > 1);
  heading("h3", "All figures of fetching");
  showAll(section);
}

const UNITS = { none: "one request at a time", process: "process", thread: "thread", coroutine: "coroutine, callback, greenlet", workers: "event loops in several processes" };
const UNIT_PAINTS = { none: "grey", process: "r0", thread: "r2", coroutine: "blue", workers: "blue-deep" };
function showMemory(memory, models) {
  heading("h3", "Memory of a process, a thread, a coroutine");
  const rows = memory.filter((row) => row.kb_per_request > 0).sort((a, b) => b.kb_per_request - a.kb_per_request);
  const label = (row, narrow) => (narrow ? row.model : models[row.model].title);
  figure(cards(), "Memory of one more request in flight", "slope of PSS of the process tree over requests in flight", (narrow) => [
    Object.keys(UNITS).filter((unit) => rows.some((row) => row.unit === unit)).map((unit) => {
      const mine = rows.filter((row) => row.unit === unit);
      return {
        type: "bar", orientation: "h", name: UNITS[unit], y: mine.map((row) => label(row, narrow)), x: mine.map((row) => row.kb_per_request),
        marker: { color: colour(UNIT_PAINTS[unit]) }, text: mine.map((row) => `${short(row.kb_per_request)} KB`), textposition: "outside", cliponaxis: false,
        customdata: mine.map((row) => short(row.base_mb)), hovertemplate: "%{y}: %{text}, %{customdata} MB with none in flight<extra></extra>",
      };
    }),
    {
      barmode: "stack", legend: ABOVE, margin: { l: 10, r: 64, t: 34, b: 10 }, xaxis: logAxis("KB", rows.map((row) => row.kb_per_request)),
      yaxis: axis("", { showgrid: false, autorange: "reversed", categoryorder: "array", categoryarray: rows.map((row) => label(row, narrow)) }),
    },
  ], { kind: "wide", height: (narrow) => (narrow ? 170 : 100) + 23 * rows.length });
  const little = memory.filter((row) => row.kb_per_request <= 0).map((row) => models[row.model].title);
  if (little.length) put(prose(`Too little to measure: ${little.join(", ")}.`));
}

function showMatrix(matrix) {
  const [costs, counts, totals] = ["parse_ms", "workers", "in_flight"].map((key) => distinct(matrix.map((row) => row[key])));
  const find = (workers, total, cost) => matrix.find((row) => row.workers === workers && row.in_flight === total && row.parse_ms === cost) ?? {};
  heading("h3", "n workers × c in flight, compared with 1 × (n·c)");
  put(prose(`asyncio on uvloop in n processes that share the requests in flight, with ${costs.map((cost) => short(cost)).join(", ")} ms of parsing per page.`));
  const largest = totals.at(-1);
  figure(cards(), `${largest} in flight in all`, "pages per second", () => [
    counts.map((n, i) => {
      const rows = costs.map((cost) => find(n, largest, cost));
      const [at, low, high] = ["median", "low", "high"].map((part) => rows.map((row) => row.pages_per_s?.[part] ?? null));
      return {
        type: "bar", name: `${n} × ${short(largest / n)}`, x: costs.map((cost) => `parsing ${short(cost)} ms`), y: at,
        marker: { color: colour(["grey", "blue-soft", "blue", "violet"][i % 4]) }, text: at.map((value) => short(value)), textposition: "inside", insidetextanchor: "start", textangle: 0,
        error_y: { type: "data", symmetric: false, array: high.map((value, j) => value - at[j]), arrayminus: at.map((value, j) => value - low[j]), thickness: 1, width: 0, color: colour("ink") },
        hovertemplate: "%{x}, %{fullData.name}: %{text} pages/s<extra></extra>",
      };
    }),
    { barmode: "group", legend: ABOVE, margin: { l: 10, r: 14, t: 34, b: 10 }, xaxis: axis("", { showgrid: false, type: "category" }), yaxis: axis("pages/s", { rangemode: "tozero" }) },
  ], { kind: "wide", height: 330 });
  if (totals.length < 2) return;
  put(prose("Every load: the columns are requests in flight in all, the rows processes."));
  const heat = cards("three");
  for (const cost of costs) {
    figure(heat, `Parsing ${cost} ms per page`, "pages per second", () => {
      const z = counts.map((workers) => totals.map((total) => median(find(workers, total, cost), "pages_per_s")));
      const high = Math.log10(Math.max(...z.flat()));
      return [[{
        type: "heatmap", zmin: high - 1.6, zmax: high, x: totals.map(String), y: counts.map(String),
        z: z.map((row) => row.map((value) => value && Math.log10(value))), text: z.map((row) => row.map((value) => short(value))), texttemplate: "%{text}", textfont: { size: 14, color: colour("ink") },
        colorscale: [[0, colour("card")], [1, colour("blue-soft")]], showscale: false, hovertemplate: "%{y} processes, %{x} in flight: %{text} pages/s<extra></extra>", xgap: 2, ygap: 2,
      }], { xaxis: axis("requests in flight, in all", { showgrid: false, type: "category" }), yaxis: axis("processes", { showgrid: false, type: "category" }) }];
    });
  }
}

function showSweep(done, names, of, models) {
  heading("h3", "By requests in flight");
  const grid = cards();
  const flights = distinct(done.map((row) => row.in_flight));
  const flightAxis = () => axis("requests in flight, log scale", { type: "log", tickvals: flights, ticktext: flights.map(String), showgrid: false, showline: true });
  const lines = (key, scale, unit) => names.map((name) => {
    const rows = of(name).filter((row) => row[key]);
    const at = (part) => rows.map((row) => row[key][part] * scale);
    return {
      type: "scatter", mode: "lines+markers", name: NARROW.matches ? name : models[name].title, ...style(name, models),
      x: rows.map((row) => row.in_flight), y: at("median"),
      error_y: { type: "data", symmetric: false, array: at("high").map((high, i) => high - at("median")[i]),
        arrayminus: at("median").map((median, i) => median - at("low")[i]), thickness: 0.7, width: 0 },
      customdata: at("median").map((value) => short(value)), hovertemplate: `%{fullData.name}, %{x} in flight: %{customdata}${unit}<extra></extra>`,
    };
  });
  const values = (key, scale) => done.filter((row) => row[key]).map((row) => row[key].median * scale);
  figure(grid, "Throughput", "pages per second; the dotted line is the ideal, where waiting is all there is", (narrow) => {
    const ideal = { type: "scatter", mode: "lines", name: "ideal", line: { color: colour("grey"), width: 1, dash: "dot" }, hoverinfo: "skip",
      x: flights, y: flights.map((flight) => Math.max(...done.filter((row) => row.in_flight === flight).map((row) => row.ideal_per_s.median))) };
    const legend = narrow ? { orientation: "h", x: 0, y: -0.2, yanchor: "top" } : { x: 1.01, y: 1 };
    return [[ideal, ...lines("pages_per_s", 1, " pages/s")], { legend: { ...legend, font: { size: 11.5 } }, xaxis: flightAxis(), yaxis: logAxis("pages/s", values("pages_per_s", 1)) }];
  }, { kind: "wide", height: (narrow) => (narrow ? 640 : 560) });
  const plain = (title, note, key, scale, unit, yaxis) => figure(grid, title, note, () =>
    [lines(key, scale, ` ${unit}`), { showlegend: false, xaxis: flightAxis(), yaxis: yaxis() }]);
  const logarithmic = (key, scale, unit) => () => logAxis(unit, values(key, scale));
  plain("Memory", "peak PSS of the process tree; colours as above", "pss_mb", 1, "MB", logarithmic("pss_mb", 1, "MB"));
  plain("CPU per page", "user and system, of the process tree", "cpu_ms", 1, "ms", logarithmic("cpu_ms", 1, "ms"));
  plain("Latency, 99th percentile", "from the decision to fetch until the body has arrived", "p99_s", 1000, "ms", logarithmic("p99_s", 1000, "ms"));
  plain("Efficiency", "share of the ideal throughput", "efficiency", 100, "%", () => axis("", { ticksuffix: "%", range: [0, 108] }));
}

// rows: one per model. swept: whether the plots by requests in flight show the rest.
function showCosts(rows, models, swept) {
  heading("h3", "Cost of each model");
  put(prose("Each model at its largest load (requests in flight in brackets)."));
  const grid = cards();
  const label = (row, narrow) => `${narrow ? row.model : models[row.model].title} (${row.in_flight})`;
  const plot = (kind, title, note, unit, ...parts) => {
    const order = unit === "pages/s" ? -1 : 1; // the best on top
    const known = rows.filter((row) => row[parts[0][0]]);
    const sum = (row) => parts.reduce((total, [key, , , scale = 1]) => total + median(row, key) * scale, 0);
    if (known.length) bars(grid, title, note, unit, known.sort((a, b) => (sum(a) - sum(b)) * order), label,
      parts.map(([key, name, paint, scale = 1]) => ({ name, paint, value: (row) => median(row, key) * scale })), kind);
  };
  if (!swept) plot("wide", "Throughput", "pages per second", "pages/s", ["pages_per_s", "", "green"]);
  plot("", "CPU per page", "of the process tree", "ms", ["user_ms", "in Python and libraries", "blue"], ["system_ms", "in the kernel", "orange"]);
  plot("", "Context switches per page", "of the process tree", "switches", ["voluntary", "voluntary", "green"], ["involuntary", "involuntary", "red"]);
  if (swept) return;
  plot("", "Latency, 99th percentile", "from the decision to fetch until the body has arrived", "ms", ["p99_s", "", "violet", 1000]);
  plot("", "Memory", "peak PSS of the process tree", "MB", ["pss_mb", "", "blue"]);
}

function showAll({ models, cells, stress, settings }) {
  const largest = Math.max(...settings.in_flight);
  const columns = [
    ["model", (row) => models[row.model].title],
    ["in flight", (row) => row.in_flight], ["workers", (row) => row.workers], ["pages/s", (row) => short(median(row, "pages_per_s"))],
    ["ideal", (row) => percent(median(row, "efficiency"))], ["user ms", (row) => short(median(row, "user_ms"), 2)],
    ["sys ms", (row) => short(median(row, "system_ms"), 2)], ["vol. switches", (row) => short(median(row, "voluntary"), 2)],
    ["invol.", (row) => short(median(row, "involuntary"), 2)], ["PSS MB", (row) => short(median(row, "pss_mb"))],
    ["conn.", (row) => short(median(row, "max_connections"))], ["opened", (row) => short(median(row, "connections_opened"))],
    ["p50 ms", (row) => ms(row, "p50_s")], ["p99 ms", (row) => ms(row, "p99_s")], ["site busy", (row) => percent(median(row, "site_busy"))],
  ];
  const stressed = Object.entries(stress).filter(([, found]) => found.failure)
    .map(([name, found]) => ({ model: name, ...found }));
  const failed = [...cells, ...stressed].filter((row) => row.failure)
    .map((row) => ({ ...row, failure: `with ${row.in_flight} in flight: ${row.failure}` }));
  const limited = Object.values(models).filter((model) => model.max_in_flight > 1 && model.max_in_flight < largest && !model.unavailable)
    .map((model) => [model.title, `at most ${model.max_in_flight} in flight, the lab's maximum for processes`]);
  figures(columns, cells.filter((row) => !row.failure), [...failures(models, failed), ...limited]);
}
