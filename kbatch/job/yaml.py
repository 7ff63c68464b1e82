"""YAML 1.2 core to plain data with the place of everything in it, on PyYAML.

Only `true` and `false` are booleans, `off` is a word, `1e-4` a number, `12:30` text. PyYAML reads
the text; what it means is decided here. Nothing a text says is ever executed, and one that would
grow beyond a job's size, by aliases or by nesting, is refused early.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from yaml.composer import Composer, ComposerError
from yaml.error import Mark, MarkedYAMLError
from yaml.events import CollectionStartEvent, NodeEvent
from yaml.nodes import MappingNode, Node, ScalarNode
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.scanner import Scanner

from kbatch.errors import JobError

MAX_DEPTH = 32
MAX_NODES = 20_000
MAX_DIGITS = 100

Route = tuple[str | int, ...]

_UNWRITABLE = re.compile("[\0\ud800-\udfff]")

# The core schema of YAML 1.2.2, chapter 10.3.2: what a plain scalar means, text when none fits.
_CORE: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"null|Null|NULL|~|"), lambda _: None),
    (re.compile(r"true|True|TRUE"), lambda _: True),
    (re.compile(r"false|False|FALSE"), lambda _: False),
    (re.compile(r"[-+]?[0-9]+"), int),
    (re.compile(r"0o[0-7]+"), lambda text: int(text, 8)),
    (re.compile(r"0x[0-9a-fA-F]+"), lambda text: int(text, 16)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (
        re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"),
        lambda text: float(text.replace(".", "")),
    ),
)

# What PyYAML says (the beginning of it), in the words of somebody who writes a job.
_PLAIN = {
    "mapping values are": "a ':' that doesn't belong here: indent it right, or quote the text",
    "mapping keys are": "text that begins with '?' needs quotes",
    "sequence entries are": "a list can't begin here: put its '- ' on a line of its own",
    "could not find expected ':'": "expected 'key: value'",
    "found character '\\t'": "a tab: indent with spaces",
    "found character": "text that begins with this character needs quotes",
    "expected alphabetic": "text that begins with '*' or '&' needs quotes",
    "found undefined alias": "text that begins with '*' needs quotes, unless '&' names it",
    "second occurrence": "two '&' anchors have this name",
    "found unknown escape": "unknown escape: use single quotes, in which '\\' is itself",
    "expected escape": "unfinished escape: use single quotes, in which '\\' is itself",
    "expected ',' or ']'": "this '[' has no ']', or a ',' between its entries is missing",
    "expected ',' or '}'": "this '{' has no '}', or a ',' between its entries is missing",
    "found unexpected": "this quote is not closed",
    "found undefined tag": "tags ('!') are not allowed",
    "expected the node content": "expected a value",
    "expected <block end>, but found '<scalar>'": "text after the end of a value: quote all of it",
    "expected <block end>": "this doesn't continue what is above: check the indentation",
    "expected '<document start>'": "this doesn't continue what is above: check the indentation",
    "but found another document": "a second document: a job file holds one",
}
# Of these, where something began says more than where its end was missed.
_BEGUN = ("expected ',' or", "found unexpected", "expected alphabetic")


def shown(value: Any) -> str:
    """Returns a value as errors quote it: on one line, short, in the words of YAML.

    Args:
        value: plain data.
    """
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return repr(value if len(value) <= 60 else value[:59] + "…")
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list" if value else "an empty list"
    return str(value)


def build(text: str, builder: Builder) -> Any:
    """Returns the data of one document, None for an empty one; the builder keeps the places."""
    try:
        composer = _Composer(text)
        node = composer.get_single_node()
        return None if node is None else builder.build(node, ())
    except MarkedYAMLError as error:
        mark, problem = _explained(error)
    except ReaderError as error:
        before = text[: error.position].split("\n")
        mark = Mark("", error.position, len(before) - 1, len(before[-1]), None, 0)
        problem = f"a character that YAML doesn't allow: U+{int(error.character):04X}"
    except (ValueError, OverflowError):  # an escape like \UFFFFFFFF, a version like 1.999…
        mark, problem = composer.get_mark(), "a number that is too large for YAML"
    raise JobError([f"{builder.place(mark)}: {problem}{_excerpt(text, mark)}"])


class _Composer(Reader, Scanner, Parser, Composer):
    """Text to nodes by PyYAML, on a leash: no tags, no more and no deeper than a job needs."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        self._depth = 0
        self._nodes = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, NodeEvent) and getattr(event, "tag", None) is not None:
            raise _refusal("tags ('!') are not allowed", event.start_mark)
        inside = isinstance(event, CollectionStartEvent)
        self._nodes += 1
        self._depth += inside
        if self._depth > MAX_DEPTH:
            raise _refusal(f"nested deeper than {MAX_DEPTH} levels", event.start_mark)
        if self._nodes > MAX_NODES:
            raise _refusal(f"more than {MAX_NODES:,} values", event.start_mark)
        node = super().compose_node(parent, index)
        self._depth -= inside
        return node

    def resolve(self, kind: type[Node], value: Any, implicit: Any) -> str:  # noqa: ARG002
        return ""  # what a scalar means is decided by `_scalar`

    def descend_resolver(self, parent: Node | None, index: Any) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass


class Builder:
    """Nodes to data, aliases expanded, with the places of all values and their keys."""

    def __init__(self, place: Callable[[Any], str]) -> None:
        self.place = place
        self.places: dict[Route, tuple[str, str]] = {}
        self.problems: list[str] = []
        self._built = 0
        self._open: list[Node] = []

    def build(self, node: Node, path: Route, key: Node | None = None) -> Any:
        """Returns the data of a node, and keeps its place under its path."""
        self._built += 1
        if self._built > MAX_NODES:
            raise _refusal(f"more than {MAX_NODES:,} values, aliases expanded", node.start_mark)
        self.places[path] = self.place((key or node).start_mark), self.place(node.start_mark)
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        if node in self._open:
            raise _refusal("an alias that contains itself", node.start_mark)
        if len(path) >= MAX_DEPTH:
            raise _refusal(f"nested deeper than {MAX_DEPTH} levels", node.start_mark)
        self._open.append(node)
        built: Any
        if isinstance(node, MappingNode):
            built = self._mapping(node, path)
        else:
            built = [self.build(inner, (*path, i)) for i, inner in enumerate(node.value)]
        self._open.pop()
        return built

    def _mapping(self, node: MappingNode, path: Route) -> dict[str, Any]:
        built: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            self._built += 1
            key = self._scalar(key_node) if isinstance(key_node, ScalarNode) else key_node.value
            where = self.place(key_node.start_mark)
            if not isinstance(key, str):
                self.problems.append(f"{where}: expected text as a key, got {shown(key)}: quote it")
            elif key in built:
                text = f"{shown(key)} is given twice, first on line {first[key]}"
                self.problems.append(f"{where}: {text}")
            else:
                first[key] = key_node.start_mark.line + 1
                built[key] = self.build(value_node, (*path, key), key_node)
        return built

    def _scalar(self, node: ScalarNode) -> Any:
        text: str = node.value
        if _UNWRITABLE.search(text):
            where = self.place(node.start_mark)
            self.problems.append(f"{where}: text with a character that can't be: {shown(text)}")
            text = _UNWRITABLE.sub("\ufffd", text)
        if node.style is not None:  # quoted or a block
            return text
        for pattern, meaning in _CORE:
            if pattern.fullmatch(text):
                if len(text) > MAX_DIGITS:
                    raise _refusal(f"a number of more than {MAX_DIGITS} digits", node.start_mark)
                return meaning(text)
        return text


def _refusal(problem: str, mark: Any) -> ComposerError:
    return ComposerError(None, None, problem, mark)


def _explained(error: MarkedYAMLError) -> tuple[Any, str]:
    """Returns where a syntax error is, and plain words for it."""
    said = error.problem or ""
    begun = said.startswith(_BEGUN) and error.context_mark
    plain = next((plain for start, plain in _PLAIN.items() if said.startswith(start)), said)
    return begun or error.problem_mark or error.context_mark, plain


def _excerpt(text: str, mark: Mark) -> str:
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    start = max(0, mark.column - 40)
    part = line[start : start + 80].strip()
    return f": in {part!r}" if part else ""
