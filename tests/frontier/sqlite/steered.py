"""A process that gives commands, or applies one, until it is killed.

``give FILE`` appends commands and prints the id of each once it is durable. ``apply FILE`` applies
the command that waits, in small steps, and prints ``step`` or ``done`` after each.
"""

from __future__ import annotations

import asyncio
import sys

from crawlproj.frontier.commands import Command, Verb
from crawlproj.frontier.sqlite import changes
from crawlproj.frontier.sqlite.controls import SqliteControls
from crawlproj.frontier.sqlite.frontier import SqliteFrontier
from tests.frontier.sqlite.owner import say


async def give(path: str) -> None:
    controls = SqliteControls(path, "job")
    while True:
        command = Command(Verb.PAUSE, {"site": "a.test"}, "ann", 1000.0)
        say(str(await controls.append(command)))


async def apply(path: str) -> None:
    frontier = SqliteFrontier(path)
    await frontier.open("job")
    command = next(iter(await frontier.waiting()), None)
    while command is not None and await frontier.change(command, "w1") is None:
        say("step")
    say("done")
    await frontier.close()


if __name__ == "__main__":
    changes.ROWS = 5_000
    asyncio.run({"give": give, "apply": apply}[sys.argv[1]](sys.argv[2]))
