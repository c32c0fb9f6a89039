"""The cost of -a save=, in CPU milliseconds per file: python -m benchmarks.save_cost.

Bodies of 100 KB, each another, are kept in a folder on disk as the pipeline keeps them, in threads,
eight at a time; then once more, when all are known. Nothing is downloaded. The time that the disk
takes to sync is not CPU time.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from crawlproj.store.files import FileFolder, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

FILES, SIZE, AT_ONCE, REPEATS = 500, 100_000, 8, 3
BUDGET_MS = 1.0
"""For a new file."""


async def keep(folder: FileFolder, bodies: Sequence[bytes]) -> int:
    """Keep them all; return how many were new."""
    new = 0
    for start in range(0, FILES, AT_ONCE):
        some = bodies[start : start + AT_ONCE]
        names = [name_of(blake2b(body, digest_size=16).hexdigest(), ".pdf") for body in some]
        new += sum(
            await asyncio.gather(
                *(
                    asyncio.to_thread(folder.keep, name, body)
                    for name, body in zip(names, some, strict=True)
                )
            )
        )
    return new


def cost_ms(folder: FileFolder, bodies: Sequence[bytes], new: int) -> float:
    """Return the CPU milliseconds per file."""
    began = time.process_time()
    assert asyncio.run(keep(folder, bodies)) == new
    return (time.process_time() - began) / FILES * 1000


def main() -> None:
    """Print the costs, and fail if that of a new file is over the budget."""
    choose = random.Random(1)  # noqa: S311 - the same files every time
    bodies = [choose.randbytes(SIZE) for _ in range(FILES)]
    costs = []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as path:
            folder = FileFolder(Path(path, "files"))
            folder.open()
            costs.append((cost_ms(folder, bodies, FILES), cost_ms(folder, bodies, 0)))
    new, known = (min(each) for each in zip(*costs, strict=True))
    print(
        f"save: {new:.3f} ms of CPU per file of 100 KB (budget {BUDGET_MS} ms), {known:.3f} known"
    )
    if new > BUDGET_MS:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
