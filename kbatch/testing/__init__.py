"""What authors of plugins import in their tests: checks of contracts and samples."""

from kbatch.testing.samples import random_colors, random_picture, random_points
from kbatch.testing.strategies import check_strategy

__all__ = ["check_strategy", "random_colors", "random_picture", "random_points"]
