// The section of serve/measure.py: short queries with slow ones among them.

function serving(section) {
  const { models, rows, settings } = section;
  const through = rows.filter((row) => !row.broke).sort((a, b) => mid(a, "short_p99_s") - mid(b, "short_p99_s"));
  const slow = settings.slow_s * 1000;
  const label = (row, narrow) => (narrow ? row.model : `${models[row.model].title} (${models[row.model].places})`);
  heading("h2", "Serving short and slow queries");
  put(prose(`${short(settings.rate)} queries a second at random times, ${percent(settings.slow_share)} of them slow (${short(slow)} ms), ` +
    `keeping ${short(settings.rate * settings.slow_share * settings.slow_s, 2)} places busy on average; a model with a bound has ${settings.places}. ` +
    `Each is sent when it is due, whatever has been answered, and timed from then; ${rounds(settings.rounds)} of ${short(settings.seconds)} s. ` +
    `${settings.at_once > 1 ? `${settings.at_once} models were measured at a time, so they disturbed each other. ` : ""}${when(section)}`));
  claims(section.claims);
  if (through.length) {
    heading("h3", "How long the short queries took");
    delays(cards(), "Latency of the short queries", "since each was due, whatever came before", through, label, [
      { name: "alone", paint: "blue", marks: { p50: "alone_p50_s", p99: "alone_p99_s" } },
      { name: "with slow ones", paint: "orange", marks: { p50: "short_p50_s", p99: "short_p99_s" } },
    ], { at: slow, name: "a slow query's wait" });
    heading("h3", "What the slow queries and the server cost");
    const grid = cards();
    const name = (row, narrow) => (narrow ? row.model : models[row.model].title);
    const answered = through.filter((row) => row.slow_p50_s).sort((a, b) => mid(a, "slow_p50_s") - mid(b, "slow_p50_s"));
    const refused = (row) => (mid(row, "refused") ? `, ${percent(mid(row, "refused"))} refused` : "");
    if (answered.length) bars(grid, "Latency of the slow queries", "p50 of those that were answered", "ms", answered, name, [{
      name: "", paint: "orange", value: (row) => mid(row, "slow_p50_s") * 1000, say: (row) => `${ms(row, "slow_p50_s")} ms${refused(row)}`,
    }]);
    const weighed = through.filter((row) => row.pss_mb).sort((a, b) => mid(a, "pss_mb") - mid(b, "pss_mb"));
    if (weighed.length) bars(grid, "Memory", "PSS of the process tree after the load", "MB", weighed, name, [{ name: "", paint: "blue", value: (row) => mid(row, "pss_mb") }]);
  }
  figures([
    ["latency in ms", (row) => models[row.model].title], ["waits in", (row) => models[row.model].places],
    ...[["alone: p50", "alone_p50_s"], ["p99", "alone_p99_s"], ["with slow: p50", "short_p50_s"], ["p99", "short_p99_s"], ["slow: p50", "slow_p50_s"]]
      .map(([title, key]) => [title, (row) => ms(row, key)]),
    ["refused (503)", (row) => percent(mid(row, "refused"))], ["PSS MB", (row) => short(mid(row, "pss_mb"))],
    ["sent late: p99", (row) => ms(row, "sent_late_p99_s", 2)],
  ], through, failures(models, rows));
}
