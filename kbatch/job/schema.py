"""JSON Schemas: of jobs for editors, and of options for what errors say was expected."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema

from kbatch.job.model import LISTS, STAGE_OF, Job, short
from kbatch.job.yaml import Route
from kbatch.registry import Registry
from kbatch.stages import ExecutorOptions
from kbatch.variants import AXES


def schema(registry: Registry) -> dict[str, Any]:
    """Returns a JSON Schema (draft 2020-12) of job files, for editors.

    Args:
        registry: the components that it lists, with their options.
    """
    own = schema_of(Job)["properties"]
    definitions: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for key, field in Job.model_fields.items():
        one = {k: v for k, v in own[key].items() if k not in ("title", "description", "default")}
        if key in STAGE_OF:
            one = {"$ref": f"#/$defs/{key}"}
            definitions[key] = _components(registry, key, definitions)
        elif key in LISTS:
            one = one["items"]
        if key in LISTS:
            least = 1 if key in AXES or field.is_required() else 0
            some = {"type": "array", "items": one, "minItems": least, "uniqueItems": True}
            one = {"anyOf": [one, some]}
        properties[key] = {"description": field.description, **one}
        if not field.is_required() and field.default is not None:
            properties[key]["default"] = short(field.default)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "kbatch job",
        "type": "object",
        "properties": properties,
        "required": [key for key, field in Job.model_fields.items() if field.is_required()],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _components(registry: Registry, key: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """Returns the schema of a key's components, short and long; adds what it refers to."""
    default = short(Job.model_fields[key].default)
    forms: list[dict[str, Any]] = []
    for entry in registry:
        spec = entry.spec
        if spec.stage != STAGE_OF[key]:
            continue
        prefix = f"{key}.{spec.name}."
        options = schema_of(spec.options, f"#/$defs/{prefix}{{model}}")
        definitions |= {prefix + name: inner for name, inner in options.get("$defs", {}).items()}
        known = options.get("properties", {})
        if key == "executor":
            known = {k: v for k, v in known.items() if k not in ExecutorOptions.model_fields}
        required = options.get("required", [])
        named = [] if spec.name == default else ["name"]
        if not required:
            forms.append({"const": spec.name, "description": spec.summary})
        forms.append(
            {
                "type": "object",
                "description": spec.summary,
                "properties": {"name": {"const": spec.name}, **known},
                "required": [*named, *required],
                "additionalProperties": False,
            }
        )
    return {"anyOf": forms} if forms else {"not": {}}


def schema_of(model: type[BaseModel], references: str = "#/$defs/{model}") -> dict[str, Any]:
    """Returns the JSON Schema of a model, as much of it as there can be.

    Args:
        model: options, or the job.
        references: how its definitions are referred to.
    """
    try:
        return model.model_json_schema(ref_template=references)
    except PydanticInvalidForJsonSchema:  # a plugin's own type: there is no more to say of it
        return {"properties": {name: {} for name in model.model_fields}}


def forms(part: dict[str, Any], whole: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the alternatives of a part of a JSON Schema, references followed."""
    if "$ref" in part:
        name = part["$ref"].removeprefix("#/$defs/")
        return forms(whole["$defs"].get(name, {}), whole)
    if "anyOf" in part:
        return [form for inner in part["anyOf"] for form in forms(inner, whole)]
    return [part]


def part(whole: dict[str, Any], loc: Route) -> dict[str, Any]:
    """Returns the part of a JSON Schema that describes a place, empty where it says nothing."""
    part = whole
    for step in loc:
        inner = (
            form.get("items") if isinstance(step, int) else form.get("properties", {}).get(step)
            for form in forms(part, whole)
        )
        part = next(filter(None, inner), {})
    return part


def phrase(part: dict[str, Any], whole: dict[str, Any]) -> str | None:
    """Returns what a part of a JSON Schema takes, in plain words, or None where there are none."""
    phrases = [_plain(form) for form in forms(part, whole) if form.get("type") != "null"]
    return " or ".join(filter(None, phrases)) if all(phrases) else None


def _plain(form: dict[str, Any]) -> str | None:
    match form:
        case {"enum": [*most, last]}:
            return f"{', '.join(map(str, most))} or {last}"
        case {"const": word}:
            return str(word)
        case {"type": "integer"}:
            return f"a whole number{_range(form)}"
        case {"type": "number"}:
            return f"a number{_range(form)}"
        case {"type": "boolean"}:
            return "true or false"
        case {"type": "string"}:
            like = f" that matches {form['pattern']}" if "pattern" in form else ""
            return f"text{like or (' that is not empty' if form.get('minLength') else '')}"
        case {"type": "array"}:
            least = form.get("minItems", 0)
            exact = "" if least == form.get("maxItems") else "at least "
            return (
                f"a list of {exact}{least} {'entry' if least == 1 else 'entries'}"
                if least
                else "a list"
            )
        case {"type": "object"}:
            return "a mapping"
    return None


def _range(form: dict[str, Any]) -> str:
    match form:
        case {"minimum": low, "maximum": high}:
            return f" from {low} to {high}"
        case {"minimum": low, "exclusiveMaximum": high}:
            return f" from {low} to below {high}"
        case {"minimum": low}:
            return f" of at least {low}"
    words = {"exclusiveMinimum": "above", "maximum": "up to", "exclusiveMaximum": "below"}
    return "".join(f" {word} {form[key]}" for key, word in words.items() if key in form)
