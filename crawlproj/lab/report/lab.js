// The page: its head, a section for each that the document has, and its table of contents.

const SECTIONS = { fetch: fetching, serve: serving, hog: hogging, advise: advising };

function about({ machine }) {
  const libraries = Object.entries(machine.libraries).map(([name, version]) => `${name} ${version}`).join(", ");
  document.getElementById("about").append(
    element("b", {}, `${machine.cpu}, ${machine.cores} cores, ${machine.memory_gb} GB`),
    `, ${machine.system}, ${machine.python}, ${libraries}.`);
}
function contents() {
  const entries = [...main.querySelectorAll("h2, h3")].map((title) =>
    element("a", { href: `#${title.id}`, class: title.tagName.toLowerCase() }, title.textContent));
  document.getElementById("contents").append(...entries);
}

about(lab);
for (const [name, show] of Object.entries(SECTIONS)) if (lab[name]) show(lab[name]);
contents();
const drawAll = () => drawings.forEach((draw) => draw());
drawAll();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth !== width) drawAll(); // a phone's address bar changes the height only
  width = innerWidth;
});
// On paper: as wide as the sheet, and light.
for (const [event, printing] of [["beforeprint", true], ["afterprint", false]]) {
  addEventListener(event, () => {
    document.documentElement.classList.toggle("printing", printing);
    drawAll();
  });
}
