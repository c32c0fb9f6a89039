// The section of serve/measure.py: short queries, without slow ones and with them.

function showServe(section) {
  const { models, rows, settings } = section;
  const served = rows.filter((row) => !row.failure).sort((a, b) => median(a, "mixed_p99_s") - median(b, "mixed_p99_s"));
  const slow = settings.slow_s * 1000;
  const label = (row, narrow) => (narrow ? row.model : `${models[row.model].title} (${models[row.model].waits_in})`);
  heading("h2", "Serving short and slow queries");
  put(prose(`${short(settings.rate)} queries per second at random times; ${percent(settings.slow_share)} of them are slow (${short(slow)} ms) and ` +
    `occupy ${short(settings.rate * settings.slow_share * settings.slow_s, 2)} slots on average. Models that limit the queries at a time have ${settings.slots} slots. ` +
    `Each query is sent when it is due, whether or not earlier ones have been answered, and its latency counts from then; ${rounds(settings.rounds)} of ${short(settings.seconds)} s. ` +
    `${settings.at_once > 1 ? `${settings.at_once} models were measured at the same time and disturbed each other. ` : ""}${measuredAt(section)}`));
  claims(section.claims);
  if (served.length) {
    heading("h3", "Latency of short queries");
    delays(cards(), "Latency of short queries", "from the time each was due", served, label, [
      { name: "without slow queries", paint: "blue", marks: { p50: "alone_p50_s", p99: "alone_p99_s" } },
      { name: "with slow queries", paint: "orange", marks: { p50: "mixed_p50_s", p99: "mixed_p99_s" } },
    ], { at: slow, name: "a slow query's wait" });
    heading("h3", "Slow queries, and memory");
    const grid = cards();
    const name = (row, narrow) => (narrow ? row.model : models[row.model].title);
    const answered = served.filter((row) => row.slow_p50_s).sort((a, b) => median(a, "slow_p50_s") - median(b, "slow_p50_s"));
    const refused = (row) => (median(row, "refused") ? `, ${percent(median(row, "refused"))} refused` : "");
    if (answered.length) bars(grid, "Latency of slow queries", "p50 of those that were answered", "ms", answered, name, [{
      name: "", paint: "orange", value: (row) => median(row, "slow_p50_s") * 1000, text: (row) => `${ms(row, "slow_p50_s")} ms${refused(row)}`,
    }]);
    const withMemory = served.filter((row) => row.pss_mb).sort((a, b) => median(a, "pss_mb") - median(b, "pss_mb"));
    if (withMemory.length) bars(grid, "Memory", "PSS of the process tree after the load", "MB", withMemory, name, [{ name: "", paint: "blue", value: (row) => median(row, "pss_mb") }]);
  }
  figures([
    ["model", (row) => models[row.model].title], ["waits in", (row) => models[row.model].waits_in],
    ...[["alone p50 ms", "alone_p50_s"], ["p99 ms", "alone_p99_s"], ["mixed p50 ms", "mixed_p50_s"], ["p99 ms", "mixed_p99_s"], ["slow p50 ms", "slow_p50_s"]]
      .map(([title, key]) => [title, (row) => ms(row, key)]),
    ["refused (503)", (row) => percent(median(row, "refused"))], ["PSS MB", (row) => short(median(row, "pss_mb"))],
    ["sent late p99 ms", (row) => ms(row, "sent_late_p99_s", 2)],
  ], served, failures(models, rows));
}
