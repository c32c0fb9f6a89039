// The section of advise/advisor.py: how many workers and requests in flight a workload needs.

function showAdvise(section) {
  const { candidates, recommended: best, sampled, settings } = section;
  const load = (row) => `${row.workers} × ${short(row.in_flight / row.workers)}`;
  heading("h2", "Advice for a workload");
  put(prose(`${section.workload}. Latency p50 ${short(sampled.latency_p50_s * 1000)}, p90 ${short(sampled.latency_p90_s * 1000)}, ` +
    `p99 ${short(sampled.latency_p99_s * 1000)} ms, in ${short(sampled.pages)} sampled pages; at most ${settings.max_in_flight} in flight; ` +
    `${rounds(settings.rounds)}. ${measuredAt(section)}`));
  put(prose(`Recommended: ${load(best)} in flight. Predicted ${short(best.pages_per_s)} pages/s, then measured ` +
    `${short(best.measured_per_s)} (${short(best.measured_pages)} pages): ${best.deviation > 0 ? "+" : "−"}${percent(Math.abs(best.deviation))}. ${best.reasons.join("; ")}`));
  put(element("pre", {}, best.snippet.join("\n")));
  const [counts, flights] = ["workers", "in_flight"].map((key) => distinct(candidates.map((row) => row[key])));
  figure(cards(), "Predicted pages per second", "by requests in flight over all workers; the cross is the measurement", () => [
    [...counts.map((workers, i) => {
      const rows = candidates.filter((row) => row.workers === workers);
      return {
        type: "scatter", mode: "lines+markers", name: workers === 1 ? "1 worker" : `${workers} workers`, x: rows.map((row) => row.in_flight),
        y: rows.map((row) => row.pages_per_s), line: { color: colour(["blue", "orange", "green", "violet"][i % 4]), width: 1.8 }, marker: { size: 5 },
        customdata: rows.map((row) => `${load(row)}: ${short(row.pages_per_s)} pages/s, limited by ${row.bottleneck}`), hovertemplate: "%{customdata}<extra></extra>",
      };
    }), {
      type: "scatter", mode: "markers", name: `measured, ${load(best)}`, x: [best.in_flight], y: [best.measured_per_s],
      marker: { symbol: "x", size: 11, color: colour("ink") }, hovertemplate: `measured: ${short(best.measured_per_s)} pages/s<extra></extra>`,
    }],
    {
      legend: ABOVE, margin: { l: 10, r: 14, t: 34, b: 10 }, xaxis: axis("in flight, log scale", { type: "log", tickvals: flights, ticktext: flights.map(String) }),
      yaxis: axis("pages/s", { rangemode: "tozero" }),
    },
  ], { kind: "wide", height: 330 });
  figures([
    ["workers × in flight", load], ["predicted pages/s", (row) => short(row.pages_per_s)], ["limited by", (row) => row.bottleneck],
  ], candidates);
}
