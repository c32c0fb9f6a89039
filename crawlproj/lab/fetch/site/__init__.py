"""Where the pages come from: the lab's own site in a process of its own, or a URL."""
