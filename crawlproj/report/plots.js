// The plots; each is drawn into the element of the same name.

function drawCrawl() {
  const at = report.timeline;
  const x = timeOf(at);
  const rate = { hovertemplate: "%{y:,.3~r}/s" };
  draw("goodput", [line("pages", x, at.pages_per_s, colour("blue"),
    { ...rate, fill: "tozeroy", fillcolor: `${colour("blue")}22`, showlegend: false })],
    { margin: { l: 10, r: 14, t: 14, b: 10 }, xaxis: timeAxis(), yaxis: axis("pages/s", { rangemode: "tozero" }) });
  draw("errors", Object.entries(at.errors_per_s).map(([reason, y], i) => ({
    type: "bar", name: plain(reason), ...binned(at, y), ...rate, marker: { color: colour(`r${i}`), line: { width: 0 } },
  })), { barmode: "stack", xaxis: timeAxis(), yaxis: axis("attempts/s", { rangemode: "tozero" }) }, "none");
  draw("limit", [
    line("in flight", x, at.in_flight, colour("blue"),
      { hovertemplate: "%{y:,.3~r}", fill: "tozeroy", fillcolor: `${colour("blue")}22` }),
    ...(at.in_flight.some((mean, i) => mean !== at.in_flight_most[i])
      ? [line("max in flight", x, at.in_flight_most, colour("blue-soft"), { hovertemplate: "%{y:,.3~r}" })] : []),
    line("limit", x, at.limit, colour("orange"), { hovertemplate: "%{y:,.3~r}" }),
  ], { xaxis: timeAxis(), yaxis: axis("requests", { rangemode: "tozero" }) });
  const ttfb = [at.ttfb_p50_s, at.ttfb_p90_s, at.ttfb_p99_s, at.ttfb_max_s];
  draw("ttfb", [
    secondsLine("max", x, ttfb[3], colour("grey"), { line: { color: colour("grey"), width: 1, dash: "dot" } }),
    secondsLine("p99", x, ttfb[2], colour("blue-deep")),
    secondsLine("p90", x, ttfb[1], colour("blue")),
    secondsLine("p50", x, ttfb[0], colour("blue-soft")),
  ], { xaxis: timeAxis(), yaxis: secondsAxis("seconds, log scale", ttfb.flat()) });
  const lag = [at.lag_p50_s, at.lag_p99_s, at.lag_max_s];
  draw("lag", [
    secondsLine("max", x, lag[2], colour("grey"), { line: { color: colour("grey"), width: 1, dash: "dot" } }),
    secondsLine("p99", x, lag[1], colour("violet")),
    secondsLine("p50", x, lag[0], colour("violet"), { opacity: 0.45 }),
  ], { xaxis: timeAxis(), yaxis: secondsAxis("lag, log scale", lag.flat()) });
}

function drawPhases() {
  const names = Object.keys(report.phases).filter((name) => report.phases[name].count);
  const of = (q) => names.map((name) => Math.max(report.phases[name][q], 1e-6));
  const range = { x: [], y: [] };
  for (const name of names) {
    range.x.push(Math.max(report.phases[name].p50, 1e-6), Math.max(report.phases[name].p99, 1e-6), null);
    range.y.push(name, name, null);
  }
  const dots = (q, paint) => ({
    type: "scatter", mode: "markers", name: q, x: of(q), y: names, marker: { size: 10, color: paint },
    customdata: of(q).map((value, i) => `${seconds(value)} (${count(report.phases[names[i]].count)} measurements)`),
    hovertemplate: `%{y} ${q}: %{customdata}<extra></extra>`,
  });
  draw("phases", [
    { type: "scatter", mode: "lines", ...range, line: { color: colour("line"), width: 4 },
      hoverinfo: "skip", showlegend: false },
    dots("p50", colour("blue-soft")), dots("p90", colour("blue")), dots("p99", colour("blue-deep")),
  ], {
    hovermode: "closest",
    xaxis: secondsAxis("seconds, log scale", [...of("p50"), ...of("p99")]),
    yaxis: axis("", { categoryorder: "array", categoryarray: names.slice().reverse(), range: [-0.6, names.length - 0.4] }),
  });
}

const STATES = { open: "green", limited: "orange", resting: "violet", down: "red", idle: "grey" };
const paintOf = (state) => colour(STATES[state] ?? "grey");

function drawSites() {
  const all = report.sites;
  const rows = all.site.map((_, i) => i).filter((i) => all.pages_per_s[i] > 0 && all.p99_s[i] > 0);
  // Draw rare states last, above the others.
  const many = new Map();
  for (const i of rows) many.set(all.state[i], (many.get(all.state[i]) ?? 0) + 1);
  const states = [...many.keys()].sort((a, b) => many.get(b) - many.get(a));
  draw("scatter", states.map((state) => {
    const mine = rows.filter((i) => all.state[i] === state);
    return {
      type: "scatter", mode: "markers", name: `${plain(state)} (${count(mine.length)})`,
      x: mine.map((i) => all.pages_per_s[i]), y: mine.map((i) => all.p99_s[i]),
      text: mine.map((i) => `<b>${plain(all.site[i])}</b><br>${number(all.pages_per_s[i])} pages/s, p99 ${seconds(all.p99_s[i])}` +
        `<br>${count(all.done[i])} done, ${count(all.errors[i])} errors, limit ${number(all.limit[i])}`),
      customdata: mine.map((i) => all.site[i]), hovertemplate: "%{text}<extra></extra>",
      marker: { size: rows.length > 300 ? 6 : 9, opacity: rows.length > 300 ? 0.55 : 0.85, color: paintOf(state),
        line: { width: 0.5, color: colour("card") } },
    };
  }), {
    hovermode: "closest",
    xaxis: logAxis("pages/s over the crawl, log scale", rows.map((i) => all.pages_per_s[i]), number, { showline: true }),
    yaxis: secondsAxis("p99 to first byte, log scale", rows.map((i) => all.p99_s[i])),
  });
  const silent = all.site.length - rows.length;
  $("scatter-note").textContent = `one dot per site; click it to find the site below${silent ? `; ${count(silent)} without an answer are left out` : ""}`;

  const share = (column) => {
    const sorted = column.filter((value) => value > 0).sort((a, b) => a - b);
    const first = sorted.slice(0, 1); // the line rises from 0 there, so that a single site has one
    return { x: [...first, ...sorted], y: [...first.map(() => 0), ...sorted.map((_, i) => ((i + 1) / sorted.length) * 100)] };
  };
  const shares = [["p50", share(all.p50_s), colour("blue-soft")], ["p99", share(all.p99_s), colour("blue-deep")]];
  draw("spread", shares.map(([name, { x, y }, paint]) => ({
    type: "scatter", mode: "lines", name, x, y, customdata: x.map(seconds), line: { color: paint, width: 2, shape: "hv" },
    hovertemplate: `%{y:.0f} % of sites: ${name} up to %{customdata}<extra></extra>`,
  })), {
    hovermode: "closest",
    xaxis: secondsAxis("time to first byte, log scale", shares.flatMap((entry) => entry[1].x), { showline: true }),
    yaxis: axis("share of sites", { ticksuffix: " %", range: [0, 102] }),
  });
}

function drawSite() {
  const site = $("pick").value;
  const at = report.site_timelines[site];
  if (!at) return draw("site", [], {});
  const x = timeOf(at);
  const rows = (low, high, title, more) => ({ ...axis(title, { rangemode: "tozero", ...more }), domain: [low, high] });
  draw("site", [
    line("in flight", x, at.in_flight, colour("blue"),
      { hovertemplate: "%{y:,.3~r}", fill: "tozeroy", fillcolor: `${colour("blue")}22` }),
    line("limit", x, at.limit, colour("orange"), { hovertemplate: "%{y:,.3~r}" }),
    line("pages", x, at.pages_per_s, colour("green"), { yaxis: "y2", hovertemplate: "%{y:,.3~r}/s" }),
    line("failed attempts", x, at.errors_per_s, colour("red"), { yaxis: "y2", hovertemplate: "%{y:,.3~r}/s" }),
    secondsLine("mean time to first byte", x, at.ttfb_mean_s, colour("blue-deep"), { yaxis: "y3" }),
  ], {
    xaxis: timeAxis({ anchor: "y3" }), hoversubplots: "axis", hovermode: "x unified",
    yaxis: rows(0.7, 1, "requests"), yaxis2: rows(0.36, 0.64, "per second"),
    yaxis3: { ...secondsAxis("seconds, log scale", at.ttfb_mean_s), domain: [0, 0.3] },
  });
}

// Zoom all plots over time together.
const OVER_TIME = ["goodput", "errors", "limit", "ttfb", "lag", "site"];
function zoomTogether() {
  let busy = false;
  for (const id of OVER_TIME) {
    $(id).on?.("plotly_relayout", (change) => {
      const range = "xaxis.range[0]" in change ? [change["xaxis.range[0]"], change["xaxis.range[1]"]] : null;
      if (busy || (range === null && !change["xaxis.autorange"])) return;
      busy = true;
      const others = OVER_TIME.filter((other) => other !== id && $(other).layout);
      Promise.all(others.map((other) =>
        Plotly.relayout($(other), range ? { "xaxis.range": range } : { "xaxis.autorange": true }))).finally(() => (busy = false));
    });
  }
}
