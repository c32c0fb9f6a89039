// Builds the page: its header, each section that lab.json has, and the table of contents.

const SECTIONS = { fetch: showFetch, serve: showServe, hog: showHog, advise: showAdvise };

function describeMachine({ machine }) {
  const libraries = Object.entries(machine.libraries).map(([name, version]) => `${name} ${version}`).join(", ");
  document.getElementById("about").append(
    element("b", {}, `${machine.cpu}, ${machine.cores} cores, ${machine.memory_gb} GB`),
    `, ${machine.system}, ${machine.python}, ${libraries}.`);
}
function listContents() {
  const entries = [...main.querySelectorAll("h2, h3")].map((title) =>
    element("a", { href: `#${title.id}`, class: title.tagName.toLowerCase() }, title.textContent));
  document.getElementById("contents").append(...entries);
}

describeMachine(lab);
for (const [name, show] of Object.entries(SECTIONS)) if (lab[name]) show(lab[name]);
listContents();
const drawAll = () => drawings.forEach((draw) => draw());
drawAll();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth !== width) drawAll(); // a phone's address bar changes only the height
  width = innerWidth;
});
// When printed: as wide as the sheet, in light colours.
for (const [event, printing] of [["beforeprint", true], ["afterprint", false]]) {
  addEventListener(event, () => {
    document.documentElement.classList.toggle("printing", printing);
    drawAll();
  });
}
