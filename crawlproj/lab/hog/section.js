// The section of hog/measure.py: one task that never yields, and CPU work under the GIL.

const KINDS = { python: "Pure Python", hash: "C code that releases the GIL" };
const KIND_NOTES = { python: "counting primes", hash: "hashlib on large buffers" };

function showHog(section) {
  const { models, rows, settings } = section;
  const finished = rows.filter((row) => !row.failure);
  const hog = settings.hog_cpu_s * 1000;
  const period = settings.period_s * 1000;
  heading("h2", "A hog among short tasks");
  put(prose(`${settings.tasks} short tasks, each due every ${short(period)} ms, and a hog: one task that computes for ${short(hog)} ms in pure ` +
    `Python without a pause; ${rounds(settings.rounds)}. ${measuredAt(section)}`));
  claims(section.claims);
  if (finished.length) {
    heading("h3", "Lateness of the short tasks");
    const label = (row, narrow) => (narrow ? row.model : models[row.model].title);
    delays(cards(), "Lateness of the short tasks", "from the time each was due", finished, label, [
      { name: "before the hog", paint: "blue", marks: { p50: "before_p50_s", p99: "before_p99_s", max: "before_max_s" } },
      { name: "while it ran", paint: "orange", marks: { p50: "during_p50_s", p99: "during_p99_s", max: "during_max_s" } },
    ], { at: hog, name: "the hog's CPU time" });
  }
  const columns = [
    ["lateness in ms", (row) => models[row.model].title],
    ...[["before p50", "before_p50_s"], ["p99", "before_p99_s"], ["max", "before_max_s"],
      ["during p50", "during_p50_s"], ["p99", "during_p99_s"], ["max", "during_max_s"]].map(([title, key]) => [title, (row) => ms(row, key, 2)]),
    ["hog s", (row) => short(median(row, "hog_wall_s"), 2)], ["switched by", (row) => models[row.model].switched_by],
  ];
  figures(columns, finished, failures(models, rows));
  showGil(section);
}

function showGil({ gil, machine }) {
  const measured = gil.filter((row) => row.interpreter);
  const missing = gil.filter((row) => !row.interpreter);
  if (!measured.length) return;
  heading("h3", "The GIL");
  put(prose("Each of n workers does the same CPU work at once. The bars show how many times the work of one worker they do in its time, by the best of the rounds; " +
    `the dotted line shows what ${machine.cores} cores allow.`));
  const workers = Object.keys(measured[0].speedup).map(Number).sort((a, b) => a - b);
  const python = (row) => `${row.interpreter}${row.gil ? "" : " without GIL"}`;
  const many = new Set(measured.map(python)).size > 1;
  const grid = cards();
  for (const kind of new Set(measured.map((row) => row.kind))) {
    figure(grid, KINDS[kind], KIND_NOTES[kind], () => {
      const bars = measured.filter((row) => row.kind === kind);
      const paints = { threads: ["r2", "r1"], processes: ["r0", "r6"] };
      const ticks = workers.map((n) => `n = ${n}`);
      const ideal = { type: "scatter", mode: "lines+markers", name: "all cores", x: ticks, y: workers.map((n) => Math.min(n, machine.cores)), line: { color: colour("grey"), width: 1.5, dash: "dot" }, marker: { size: 4 }, hoverinfo: "skip" };
      return [[...bars.map((row) => ({
        type: "bar", name: many ? `${row.unit}, ${python(row)}` : row.unit, x: ticks, y: workers.map((n) => row.speedup[n]),
        marker: { color: colour(paints[row.unit][row.gil ? 0 : 1]) }, text: workers.map((n) => row.speedup[n].toFixed(2)), textposition: "inside", insidetextanchor: "start", textangle: 0,
        hovertemplate: `${row.unit}, %{x}: %{text} ×, Python ${python(row)}<extra></extra>`,
      })), ideal], { barmode: "group", legend: ABOVE, xaxis: axis("workers at once", { showgrid: false }), yaxis: axis("multiples of one worker's work", { rangemode: "tozero" }), margin: { l: 10, r: 14, t: 34, b: 10 } }];
    });
  }
  figures([
    ["multiples of one worker's work", (row) => KINDS[row.kind]], ["in", (row) => row.unit], ["Python", python],
    ...workers.map((n) => [`n = ${n}`, (row) => row.speedup[n].toFixed(2)]),
  ], measured, missing.map((row) => ["free-threaded", `unavailable: ${row.unavailable}`]));
}
