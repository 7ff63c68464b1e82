"""What tests share. Importing this is cheap: NumPy and the kernels come with the fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kbatch.data import F32, F64
    from kbatch.registry import Registry
    from kbatch.stages import CompiledStrategy, Initializer, Space, Strategy


@pytest.fixture(scope="session")
def kernels() -> None:
    """All kernels ready, from the user's cache where they are in it."""
    from kbatch.core import prepare

    prepare()


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The components of all installed plugins."""
    from kbatch.registry import discover

    return discover()


@pytest.fixture(scope="session")
def l1(registry: Registry) -> CompiledStrategy:
    """K-Medians."""
    built: CompiledStrategy = registry.build("strategy", "l1")
    return built


@pytest.fixture(scope="session")
def l2(registry: Registry) -> CompiledStrategy:
    """K-Means."""
    built: CompiledStrategy = registry.build("strategy", "l2")
    return built


@pytest.fixture(scope="session", params=["l1", "l2"])
def strategy(registry: Registry, request: pytest.FixtureRequest) -> CompiledStrategy:
    """Each of the two variants of the study."""
    built: CompiledStrategy = registry.build("strategy", request.param)
    return built


class Chebyshev:
    """A strategy in plain NumPy, as somebody's plugin would be: the largest channel difference."""

    def distance(self, x: F32, center: F32) -> F32:
        """See `kbatch.stages.Strategy`."""
        largest: F32 = abs(x - center).max(axis=1)
        return largest

    def update(self, x: F32, weight: F64, center: F32) -> F32:
        """Returns the middle of each channel's range."""
        middle: F32 = (x.min(axis=0) + x.max(axis=0)) / 2
        return middle


@pytest.fixture(scope="session")
def chebyshev() -> Strategy:
    """A strategy without compiled methods."""
    return Chebyshev()


@pytest.fixture(scope="session")
def rgb(registry: Registry) -> Space:
    """Values as they are stored."""
    built: Space = registry.build("space", "rgb")
    return built


@pytest.fixture(scope="session")
def random(registry: Registry) -> Initializer:
    """The colours of k random pixels."""
    built: Initializer = registry.build("init", "random")
    return built


@pytest.fixture(scope="session")
def plusplus(registry: Registry) -> Initializer:
    """Far from what is there."""
    built: Initializer = registry.build("init", "kmeans++")
    return built
