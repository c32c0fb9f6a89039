"""How people steer a crawl: verbs that become commands, and what a log of commands asks for."""
