"""Reads the catalogue: TOML files of rules, checked so that whoever edits one is told file, rule and field.

Read once, on first use; a catalogue that cannot be used fails there, whole.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from umlindi.diagnosis.rules import Catalogue, Condition, LogSign, Metric, Rule, Sign, Success, compiled
from umlindi.diagnosis.wording import DEFAULTS, OPTIONAL, PLACEHOLDER
from umlindi.probes import Layer, State

FOLDER = Path(__file__).parent / "catalogue"
TICKETS = range(49)
STEPS = frozenset(
    (
        *("resolve", "tcp", "tls", "association", "echo", "capabilities", "find", "worklist", "store", "move", "get"),
        *("wado", "remove", "message", "http", "qido", "handshake", "chain", "name", "expiry", "versions"),
        *("connect", "roundtrip", "query", "read", "cpu", "memory", "disk:*", "offset", "status", "battery"),
        *(
            "ntp",
            "settings",
            "identity",
            "features",
            "statistics",
            "hazard:recycle",
            "hazard:authentication",
            "hazard:overwrite",
        ),
        *("hazard:listening", "hazard:default-credentials"),
    )
)
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TEXTS = ("title", "cause", "confirm", "fix", "unsafe", "escalate")
_RULE_FIELDS = frozenset(
    ("id", "ticket", "layer", "confidence", "source", "since", *_TEXTS, "when", "log", "competes", "supersedes")
)


class CatalogueError(ValueError):
    """A catalogue file cannot be used; the message names file, rule and field."""


@dataclass(frozen=True, slots=True)
class _Where:
    """The place in a file that is being read, for the error message."""

    file: str
    rule: str = ""
    field: str = ""

    def at(self, field: str) -> _Where:
        return _Where(self.file, self.rule, f"{self.field}.{field}" if self.field else field)

    def error(self, why: str) -> CatalogueError:
        return CatalogueError(": ".join(part for part in (self.file, self.rule, self.field, why) if part))


@cache
def load_catalogue(folder: Path = FOLDER) -> Catalogue:
    """Every rule, success and context of the folder's files. Raises `CatalogueError`."""
    rules: list[Rule] = []
    successes: list[Success] = []
    contexts: list[LogSign] = []
    for path in sorted(folder.glob("*.toml")):
        table = _parsed(path)
        where = _Where(path.name)
        _only(table, {"version", "rule", "success", "context"}, where)
        since = _text(table, "version", where)
        rules += [_rule(entry, since, where) for entry in _tables(table, "rule", where)]
        successes += [_success(entry, where) for entry in _tables(table, "success", where)]
        contexts += [_log_sign(entry, where.at("context")) for entry in _tables(table, "context", where)]
    _check_references(rules, folder.name)
    _check_patterns(rules)
    return Catalogue(tuple(rules), tuple(successes), tuple(contexts))


def _check_patterns(rules: Sequence[Rule]) -> None:
    for rule in rules:
        for pattern in _patterns(rule):
            try:
                compiled(pattern)
            except re.error as error:
                raise CatalogueError(f"{rule.id}: pattern {pattern!r}: {error}") from error


def _patterns(rule: Rule) -> Iterator[str]:
    for sign in rule.signs:
        for condition in (sign.condition, *sign.also):
            yield from (condition.code, condition.says)
    yield from (sign.pattern for sign in rule.log)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{path.name}: {error}") from error


def _rule(entry: Mapping[str, Any], since: str, file: _Where) -> Rule:
    where = _Where(file.file, str(entry.get("id", "a rule without id")))
    _only(entry, _RULE_FIELDS, where)
    return Rule(
        id=_slug(entry, where),
        ticket=_ticket(entry, where),
        layer=_layer(entry, where),
        confidence=_share(entry, "confidence", where),
        source=_text(entry, "source", where),
        since=_text(entry, "since", where) if "since" in entry else since,
        signs=tuple(_sign(table, where.at("when")) for table in _tables(entry, "when", where)),
        log=tuple(_log_sign(table, where.at("log")) for table in _tables(entry, "log", where)),
        competes=frozenset(_strings(entry, "competes", where)),
        supersedes=frozenset(_strings(entry, "supersedes", where)),
        **{name: _template(entry, name, where) for name in _TEXTS},
    )


def _slug(entry: Mapping[str, Any], where: _Where) -> str:
    slug = _text(entry, "id", where)
    if not _SLUG.fullmatch(slug):
        raise where.at("id").error("must be lower-case words joined by hyphens")
    return slug


def _ticket(entry: Mapping[str, Any], where: _Where) -> int:
    """A number of the ticket catalogue, or 0 for a fault it does not list."""
    found = entry.get("ticket")
    if not isinstance(found, int) or found not in TICKETS:
        raise where.at("ticket").error(f"must be a number from 0 to {TICKETS[-1]}")
    return found


def _layer(entry: Mapping[str, Any], where: _Where) -> Layer:
    found = _text(entry, "layer", where)
    if found not in set(Layer):
        raise where.at("layer").error(f"{found!r} is none of {', '.join(Layer)}")
    return Layer(found)


def _share(entry: Mapping[str, Any], name: str, where: _Where, default: float | None = None) -> float:
    found = entry.get(name, default)
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found <= 1:
        raise where.at(name).error("must be a number above 0 and up to 1")
    return float(found)


def _template(entry: Mapping[str, Any], name: str, where: _Where) -> str:
    text = " ".join(_text(entry, name, where).split())
    unknown = [found for found in PLACEHOLDER.findall(text) if found not in DEFAULTS]
    if unknown or "{" in PLACEHOLDER.sub("", text):
        raise where.at(name).error(f"has an unknown placeholder {unknown[0] if unknown else '{'}")
    bare = [found for found in PLACEHOLDER.findall(OPTIONAL.sub("", text)) if DEFAULTS[found] is None]
    if bare:
        raise where.at(name).error(f"may hold {{{bare[0]}}} only in an optional part: [ … {{{bare[0]}}}]")
    return text


def _sign(table: Mapping[str, Any], where: _Where) -> Sign:
    _only(table, {"step", "state", "code", "says", "metric", "probe", "also", "weight"}, where)
    also = tuple(_condition(other, where.at("also")) for other in _tables(table, "also", where))
    return Sign(_condition(table, where), also, _share(table, "weight", where, 1.0))


def _condition(table: Mapping[str, Any], where: _Where) -> Condition:
    _only(table, {"step", "state", "code", "says", "metric", "probe", "also", "weight"}, where)
    steps = _strings(table, "step", where)
    if not steps or not set(steps) <= STEPS | {"*"}:
        raise where.at("step").error(f"{steps} must name steps that probes have")
    return Condition(
        steps=steps,
        states=_states(table, where),
        code=_pattern(table, "code", where),
        says=_pattern(table, "says", where),
        metrics=tuple(_metric(metric, where.at("metric")) for metric in _tables(table, "metric", where)),
        probe=_pattern(table, "probe", where),
    )


def _states(table: Mapping[str, Any], where: _Where) -> tuple[State, ...]:
    named = _strings(table, "state", where) or (State.FAILED.value,)
    if not set(named) <= set(State):
        raise where.at("state").error(f"{named} must be among {', '.join(State)}")
    return tuple(State(name) for name in named)


def _metric(table: Mapping[str, Any], where: _Where) -> Metric:
    _only(table, {field.name for field in fields(Metric)}, where)
    if table.get("of", "value") not in ("value", "each") or not table.keys() & {"at_least", "at_most"}:
        raise where.error("needs a bound, and `of` must be value or each")
    return Metric(name=_text(table, "name", where), **{key: value for key, value in table.items() if key != "name"})


def _log_sign(table: Mapping[str, Any], where: _Where) -> LogSign:
    _only(table, {"has", "pattern", "lacks", "after", "weight", "steps"}, where)
    parts = {name: _strings(table, name, where) for name in ("has", "lacks", "after")}
    for name, strings in parts.items():
        if any(part != part.lower() for part in strings):
            raise where.at(name).error("must be lower case: it is compared with the lower-cased line")
    if not any(parts["has"]):
        raise where.at("has").error("must name text that every such line has")
    return LogSign(pattern=_pattern(table, "pattern", where), weight=_share(table, "weight", where, 1.0), **parts)


def _success(entry: Mapping[str, Any], file: _Where) -> Success:
    where = file.at("success")
    return Success(frozenset(_strings(entry, "steps", where)), _log_sign(entry, where))


def _check_references(rules: Sequence[Rule], folder: str) -> None:
    known = {rule.id for rule in rules}
    if len(known) < len(rules):
        twice = sorted({rule.id for rule in rules if sum(other.id == rule.id for other in rules) > 1})
        raise CatalogueError(f"{folder}: id: {', '.join(twice)} stands twice")
    for rule in rules:
        if unknown := (rule.competes | rule.supersedes) - known:
            raise CatalogueError(f"{folder}: {rule.id}: competes or supersedes unknown {', '.join(sorted(unknown))}")
        if not rule.signs and not rule.log:
            raise CatalogueError(f"{folder}: {rule.id}: needs a `when` or a `log`")


def _only(table: Mapping[str, Any], allowed: set[str] | frozenset[str], where: _Where) -> None:
    if unknown := sorted(table.keys() - allowed):
        raise where.at(unknown[0]).error("is no field here")


def _text(table: Mapping[str, Any], name: str, where: _Where) -> str:
    found = table.get(name)
    if not isinstance(found, str) or not found.strip():
        raise where.at(name).error("must be a text that is not empty")
    return found


def _pattern(table: Mapping[str, Any], name: str, where: _Where) -> str:
    return _text(table, name, where) if name in table else ""


def _strings(table: Mapping[str, Any], name: str, where: _Where) -> tuple[str, ...]:
    """A list of texts, or one text as a list of one; absent is empty."""
    found = table.get(name, [])
    listed = [found] if isinstance(found, str) else found
    if not isinstance(listed, list) or not all(isinstance(item, str) and item for item in listed):
        raise where.at(name).error("must be a text or a list of texts")
    return tuple(listed)


def _tables(table: Mapping[str, Any], name: str, where: _Where) -> list[Mapping[str, Any]]:
    found = table.get(name, [])
    listed = [found] if isinstance(found, dict) else found
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise where.at(name).error("must be a table or a list of tables")
    return listed
