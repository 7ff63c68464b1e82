"""From plugins to components: discover, validate, look up by name, build.

The only place that talks to pluggy. Plugins load in this order: built-in, entry points of the group
`kbatch`, then files. What is installed but broken is skipped with a warning, and named again when a
job misses one of its components; what was asked for by path or name must load.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args, get_origin

import pluggy

from kbatch import hookspecs
from kbatch.errors import KbatchError, PluginError, did_you_mean
from kbatch.stages import STAGES, Options, Spec

log = logging.getLogger(__name__)

BUILTIN = "kbatch.builtin"
GROUP = "kbatch"
NAME = re.compile(r"[a-z0-9][a-z0-9+._-]*")


@dataclass(frozen=True)
class Entry:
    """A component and who provides it."""

    spec: Spec
    provider: str

    def build(self, options: Mapping[str, Any]) -> Any:
        """Returns a new component.

        Args:
            options: plain values; checked against the component's model.

        Raises:
            PluginError: its factory can't be imported.
        """
        return self.factory(self.spec.options.model_validate(dict(options)))

    def options_table(self) -> list[tuple[str, str, str, str]]:
        """Returns name, type, default and meaning of each option."""
        return [
            (
                field.alias or name,
                _kind(field.annotation),
                "required" if field.is_required() else str(field.default),
                field.description or "",
            )
            for name, field in self.spec.options.model_fields.items()
        ]

    def factory(self, options: Options) -> Any:
        """Calls the component's factory, importing it first when it is named as text."""
        made = self.spec.factory
        try:
            if isinstance(made, str):
                module, _, attribute = made.partition(":")
                made = getattr(importlib.import_module(module), attribute)
            return made(options)
        except KbatchError:
            raise
        except Exception as error:  # whatever somebody's code raises
            kind = f"{self.spec.stage} {self.spec.name!r}"
            why = f"{type(error).__name__}: {error}"
            raise PluginError(f"{kind} of {self.provider} can't be made: {why}") from error


class Registry:
    """The components of the loaded plugins, by stage and name.

    Attributes:
        hook: the hooks of all plugins, for observers.
        broken: why each installed plugin that did not load was skipped, by its name.
    """

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager("kbatch")
        self._manager.add_hookspecs(hookspecs)
        self._entries: dict[tuple[str, str], Entry] = {}
        self.broken: dict[str, str] = {}

    def add(self, plugin: object, provider: str) -> None:
        """Registers a plugin's hooks and components.

        Args:
            plugin: a module or an object with hook implementations.
            provider: what to call it.

        Raises:
            PluginError: it has an unknown hook, a component that can't be, or a name that is taken.
        """
        try:
            self._manager.register(plugin, provider)
            self._manager.check_pending()
        except (pluggy.PluginValidationError, ValueError) as error:
            self._remove(plugin)
            raise PluginError(
                f"plugin {provider}: {str(error).strip()}{_hook_hint(plugin)}"
            ) from error
        if not self._manager.get_hookcallers(plugin):
            self._remove(plugin)
            raise PluginError(
                f"plugin {provider} registers nothing: mark its functions with @kbatch.hookimpl"
            )
        try:
            for spec in self._components_of(plugin):
                self._admit(spec, provider)
        except Exception:
            self._remove(plugin, provider)
            raise

    def find(self, stage: str, name: str) -> Entry | None:
        """Returns the component of that name, or None."""
        return self._entries.get((stage, name))

    def build(self, stage: str, name: str, options: Mapping[str, Any] | None = None) -> Any:
        """Returns a new component by name.

        Raises:
            PluginError: there is none of that name.
        """
        entry = self.find(stage, name)
        if entry is None:
            raise PluginError(self.unknown(stage, name))
        return entry.build(options or {})

    def named(self, name: str) -> list[Entry]:
        """Returns the components of any stage with a name, which may be `stage:name`.

        Raises:
            KbatchError: there is none.
        """
        stage, _, rest = name.rpartition(":")
        found = [e for e in self if e.spec.name == rest and stage in ("", e.spec.stage)]
        if not found:
            known = sorted({entry.spec.name for entry in self})
            hint = did_you_mean(rest, known)
            raise KbatchError(f"no component is called {name!r}{hint}; see: kbatch plugins")
        return found

    def names(self, stage: str) -> list[str]:
        """Returns the names of a stage's components in the order they came."""
        return [name for kind, name in self._entries if kind == stage]

    def unknown(self, stage: str, name: str) -> str:
        """Returns what to tell somebody who named a component that isn't there."""
        known = self.names(stage)
        listed = ", ".join(known) or "none"
        text = f"unknown {stage} {name!r}{did_you_mean(name, known)}; known: {listed}"
        if self.broken:
            text += "; not loaded: " + ", ".join(f"{k} ({v})" for k, v in self.broken.items())
        return text

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    @property
    def plugins(self) -> list[tuple[str, object]]:
        """The loaded plugins and their names, in the order they came."""
        return self._manager.list_name_plugin()

    def observers(self, hook: str) -> Iterator[tuple[str, Any]]:
        """Yields each plugin's implementation of a hook, so that one can fail alone."""
        for impl in reversed(getattr(self._manager.hook, hook).get_hookimpls()):
            yield impl.plugin_name, _with_known_arguments(impl)

    def _components_of(self, plugin: object) -> Iterable[Any]:
        for impl in self._manager.hook.kbatch_components.get_hookimpls():
            if impl.plugin is plugin:
                yield from _with_known_arguments(impl)()

    def _admit(self, spec: Spec, provider: str) -> None:
        if not isinstance(spec, STAGES) or not NAME.fullmatch(spec.name):
            raise PluginError(
                f"plugin {provider}: {spec!r} is not a component: kbatch_components() returns "
                "Specs of a stage, named with lower case letters, digits and + - . _"
            )
        known = self._entries.setdefault((spec.stage, spec.name), Entry(spec, provider))
        if known.spec is not spec:
            raise PluginError(
                f"two plugins offer the {spec.stage} {spec.name!r}: {known.provider} and "
                f"{provider}; uninstall or rename one of them"
            )

    def _remove(self, plugin: object, provider: str | None = None) -> None:
        if self._manager.is_registered(plugin):
            self._manager.unregister(plugin)
        for key in [k for k, entry in self._entries.items() if entry.provider == provider]:
            del self._entries[key]


def installed_names() -> frozenset[str]:
    """Returns what the installed plugins are called; none is loaded."""
    return frozenset(importlib.metadata.entry_points(group=GROUP).names)


def discover(files: Sequence[Path] = (), named: Sequence[str] = ()) -> Registry:
    """Loads all plugins.

    Args:
        files: single-file plugins, loaded last, in this order.
        named: installed plugins that must load, by their entry point's name.

    Raises:
        PluginError: a file or a named plugin can't be loaded, or two claim one name.
    """
    registry = Registry()
    registry.add(importlib.import_module(BUILTIN), "kbatch")
    installed = importlib.metadata.entry_points(group=GROUP)
    for point in sorted(installed, key=lambda point: point.name):
        _add_installed(registry, point, must=point.name in named)
    for name in named:
        if name not in installed.names:
            hint = did_you_mean(name, installed.names)
            raise PluginError(f"no installed plugin is called {name!r}{hint}; a file ends in .py")
    for file in {file.resolve(): file for file in files}.values():
        _add_file(registry, file)
    return registry


def _add_installed(registry: Registry, point: importlib.metadata.EntryPoint, *, must: bool) -> None:
    package = point.dist.name if point.dist else point.value
    provider = f"{package} ({point.name})"
    try:
        registry.add(point.load(), provider)
    except PluginError:
        raise
    except (Exception, SystemExit) as error:  # whatever somebody's code raises
        why = f"{type(error).__name__}: {error}"
        if must:
            raise PluginError(f"plugin {provider} can't be loaded: {why}") from error
        log.warning("plugin %s is skipped, it can't be loaded: %s", provider, why)
        registry.broken[provider] = why


def _add_file(registry: Registry, file: Path) -> None:
    if not file.is_file():
        raise PluginError(f"plugin file {file} does not exist")
    try:
        registry.add(_import_file(file.resolve()), str(file))
    except PluginError:
        raise
    except (Exception, SystemExit) as error:  # whatever somebody's code raises
        why = f"{type(error).__name__}: {error}"
        raise PluginError(f"plugin file {file} can't be loaded: {why}") from error


def _import_file(path: Path) -> ModuleType:
    name = f"kbatch_file_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"plugin file {path} is not a Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _kind(annotation: Any) -> str:
    """Returns what values an option takes, its words where they are few."""
    if get_origin(annotation) is Literal:
        return " | ".join(map(str, get_args(annotation)))
    return str(getattr(annotation, "__name__", annotation))


def _hook_hint(plugin: object) -> str:
    hooks = [name for name in dir(hookspecs) if name.startswith("kbatch_")]
    for name in dir(plugin):
        if name.startswith("kbatch_") and name not in hooks:
            return did_you_mean(name, hooks)
    return ""


def _with_known_arguments(impl: pluggy.HookImpl) -> Any:
    return lambda **given: impl.function(*(given[name] for name in impl.argnames))
