// Keeps the page up to date: each event has the new content of elements, by their ids. The server has
// escaped what came from the web, and the content security policy runs nothing that is in a page.
"use strict";

const state = document.getElementById("live");
let source = null;

function show(words, kind) {
  state.textContent = words;
  state.className = kind;
}

function put(id, html) {
  const place = document.getElementById(id);
  if (!place) return;
  const selection = getSelection();
  if (!selection.isCollapsed && place.contains(selection.anchorNode)) return; // somebody copies text
  const focus = place.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  place.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  if (focus) place.querySelector(`a[href="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
}

function open() {
  source = new EventSource(state.dataset.events);
  source.onmessage = (event) => {
    for (const [id, html] of Object.entries(JSON.parse(event.data))) put(id, html);
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
