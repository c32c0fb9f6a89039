// Keeps the page up to date. Everything is readable without it.
