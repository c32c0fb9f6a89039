// The text and the table, and what runs when the page opens.

// The name of a job may contain many start URLs.
function jobName(job) {
  return job.length > 100 ? element("span", { title: job }, `${job.slice(0, 99)}…`) : job;
}

function drawWords() {
  const { crawl, summary, sites_left_out: leftOut } = report;
  $("title").textContent = `Crawl report: ${crawl.spider}`;
  const when = (unix) => new Date(unix * 1000).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
  const state = crawl.state === "running" ? `running; as of ${when(crawl.written_at)}`
    : crawl.state === "stopped" ? `stopped (${crawl.reason})` : crawl.state;
  $("about").append(element("b", {}, state), ` · job `, jobName(crawl.job), `, generation ${crawl.generation} · started ${when(crawl.started_at)}`,
    ...crawl.places.map((place) => ` · ${place}`));
  const total = (counts) => Object.values(counts).reduce((a, b) => a + b, 0);
  const ttfb = summary.ttfb_s;
  const tiles = [
    ["pages done", count(summary.pages)], ["failed URLs", count(total(summary.failed)), total(summary.failed) > 0],
    ["skipped URLs", count(total(summary.skipped))], ["duration", clock(crawl.duration_s)],
    ["goodput", `${number(summary.pages_per_s)}/s`], ["first byte p50", seconds(ttfb.p50)], ["first byte p90", seconds(ttfb.p90)],
    ["first byte p99", seconds(ttfb.p99)], ["first byte p99.9", seconds(ttfb.p999)], ["first byte max", seconds(ttfb.max)],
  ];
  for (const [name, value, bad] of tiles)
    $("tiles").append(element("div", { class: bad ? "tile bad" : "tile" }, element("span", {}, name), element("b", {}, value)));
  const listed = [["Failed in this run", summary.failed], ["Skipped in this run", summary.skipped], ["Failed attempts, retries included", summary.errors]];
  for (const [name, counts] of listed) {
    const entries = Object.entries(counts);
    if (!entries.length) continue;
    const chips = entries.slice(0, 12).map(([reason, n]) => element("i", {}, reason, element("b", {}, count(n))));
    const rest = total(Object.fromEntries(entries.slice(12)));
    if (rest) chips.push(element("i", {}, `${entries.length - 12} more reasons`, element("b", {}, count(rest))));
    $("reasons").append(element("p", {}, `${name}:`, ...chips.flatMap((chip) => [" ", chip])));
  }
  $("sites-title").textContent = `Sites (${count(summary.sites)})` + (leftOut ? `: the ${count(summary.sites - leftOut)} busiest` : "");
}

const PAGE_ROWS = 25;
const COLUMNS = [
  ["site", "site", String], ["done", "done", count], ["errors", "errors", count], ["limit", "limit", number],
  ["in flight", "in_flight", number], ["rate limit", "rate_limit", (v) => (v === null ? "–" : `${number(v)}/s`)],
  ["pages/s", "pages_per_s", number], ["p50", "p50_s", seconds], ["p99", "p99_s", seconds],
  ["rest left", "blocked_s", (v) => (v ? seconds(v) : "–")], ["state", "state", String],
];
const view = { by: "done", down: true, from: 0 };

function makeTable() {
  for (const [title, key] of COLUMNS) {
    const head = element("th", { "data-key": key, scope: "col" }, element("button", { type: "button" }, title));
    head.addEventListener("click", () => {
      view.down = view.by === key ? !view.down : key !== "site" && key !== "state";
      Object.assign(view, { by: key, from: 0 });
      drawTable();
    });
    $("columns").append(head);
  }
  const states = new Map();
  for (const state of report.sites.state) states.set(state, (states.get(state) ?? 0) + 1);
  $("state").append(element("option", { value: "" }, "all states"));
  for (const [state, n] of [...states].sort()) $("state").append(element("option", { value: state }, `${state} (${count(n)})`));
  const again = () => { view.from = 0; drawTable(); };
  $("search").addEventListener("input", again);
  $("state").addEventListener("change", again);
  $("back").addEventListener("click", () => { view.from -= PAGE_ROWS; drawTable(); });
  $("next").addEventListener("click", () => { view.from += PAGE_ROWS; drawTable(); });
}

function drawTable() {
  const all = report.sites;
  const words = $("search").value.trim().toLowerCase();
  const state = $("state").value;
  const found = all.site.map((_, i) => i).filter((i) =>
    all.site[i].toLowerCase().includes(words) && (!state || all.state[i] === state));
  const column = all[view.by];
  const sign = view.down ? -1 : 1;
  // Unknown values come last in either order.
  found.sort((a, b) => {
    if (column[a] === null || column[b] === null) return (column[a] === null) - (column[b] === null);
    return sign * (typeof column[a] === "string" ? column[a].localeCompare(column[b]) : column[a] - column[b]);
  });
  for (const head of $("columns").children) {
    const mine = head.dataset.key === view.by;
    if (mine) head.setAttribute("aria-sort", view.down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
    const title = COLUMNS.find((entry) => entry[1] === head.dataset.key)[0];
    head.firstChild.textContent = mine ? `${title} ${view.down ? "↓" : "↑"}` : title;
  }
  $("rows").replaceChildren(...found.slice(view.from, view.from + PAGE_ROWS).map((i) => element("tr", {},
    ...COLUMNS.map(([, key, words]) => cell(key, all[key][i], words(all[key][i]))))));
  const last = Math.min(view.from + PAGE_ROWS, found.length);
  $("shown").textContent = found.length ? `${count(view.from + 1)}–${count(last)} of ${count(found.length)}` : "no sites";
  $("back").disabled = view.from === 0;
  $("next").disabled = last >= found.length;
}

function cell(key, value, words) {
  if (key === "state") return element("td", {}, element("span", { class: "badge", style: `--dot: var(--${STATES[value] ?? "grey"})` }, words));
  if (key === "site" && Object.hasOwn(report.site_timelines, value)) {
    const link = element("a", { title: `${value}: show over time`, href: "#pick" }, words);
    link.addEventListener("click", () => pick(value));
    return element("td", {}, link);
  }
  return element("td", { title: key === "site" ? value : "", ...(words === "–" || words === "0" ? { class: "none" } : {}) }, words);
}

function pick(site) {
  $("pick").value = site;
  drawSite();
}

function findSite(event) {
  const site = event.points[0].customdata;
  if (Object.hasOwn(report.site_timelines, site)) pick(site);
  $("search").value = site;
  view.from = 0;
  drawTable();
}

function drawAll() {
  drawCrawl();
  drawPhases();
  drawSites();
  drawSite();
}

drawWords();
for (const site of Object.keys(report.site_timelines)) $("pick").append(element("option", { value: site }, site));
$("pick").addEventListener("change", drawSite);
makeTable();
drawTable();
drawAll();
zoomTogether();
$("scatter").on?.("plotly_click", findSite);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
