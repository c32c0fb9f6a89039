// Keeps the page up to date: each event has the new content of elements, by their ids. The server has
// escaped what came from the web, and the content security policy runs nothing that is in a page.
"use strict";

const state = document.getElementById("live");
let source = null;

function show(words, kind) {
  state.textContent = words;
  state.className = kind;
}

// What came last for each element; it waits while somebody presses a button or selects text there.
const waiting = new Map();
let pressed = false;

function put(id, html) {
  const place = document.getElementById(id);
  const selection = getSelection();
  if (place && (pressed || (!selection.isCollapsed && place.contains(selection.anchorNode)))) return;
  waiting.delete(id);
  if (!place) return;
  const focus = place.contains(document.activeElement) ? [...place.querySelectorAll("a, button")].indexOf(document.activeElement) : -1;
  place.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  if (focus >= 0) [...place.querySelectorAll("a, button")][focus]?.focus({ preventScroll: true });
}

function flush() {
  for (const [id, html] of waiting) put(id, html);
}

addEventListener("pointerdown", () => (pressed = true));
for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, () => setTimeout(() => { pressed = false; flush(); }, 50)); // after the click
}

function open() {
  source = new EventSource(state.dataset.events);
  source.onmessage = (event) => {
    for (const [id, html] of Object.entries(JSON.parse(event.data))) waiting.set(id, html);
    flush();
    show("live", "fresh");
  };
  source.onerror = () => {
    show("not live: the server does not answer", "stale");
    if (source.readyState === EventSource.CLOSED) setTimeout(reopen, 5000);
  };
}

function close() {
  source?.close();
  source = null;
}

function reopen() {
  close();
  if (!document.hidden) open();
}

if (state) {
  document.addEventListener("visibilitychange", reopen); // nobody looks at a hidden page
  addEventListener("pagehide", close);
  reopen();
}
