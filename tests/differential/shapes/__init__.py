"""The shapes of spiders that are compared; each module has those of one kind."""

from tests.differential.shapes import (  # noqa: F401 - each adds its shapes
    components,
    data,
    endings,
    following,
    media,
    refusals,
    requesting,
    starting,
    switches,
)
from tests.differential.shapes.shape import SHAPES

__all__ = ["SHAPES"]
