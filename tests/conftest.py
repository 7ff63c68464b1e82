"""What tests share. Importing this is cheap: NumPy and the kernels come with the fixtures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kbatch.registry import Registry
    from kbatch.stages import CompiledStrategy, Initializer, Space


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
