"""What stands on what, as a graph of names."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def closure(start: Node, edges: Mapping[Node, Collection[Node]]) -> list[Node]:
    """Everything reached from `start`, nearest first, without `start`, each once. A circle does no harm."""
    found: dict[Node, None] = {}
    waiting = [start]
    for node in waiting:
        fresh = [next_ for next_ in edges.get(node, ()) if next_ not in found and next_ != start]
        found.update(dict.fromkeys(fresh))
        waiting += dict.fromkeys(fresh)
    return list(found)


def circles(edges: Mapping[Node, Collection[Node]]) -> list[list[Node]]:
    """A set of circles such that the graph without their last edges has none; each ends where it began.

    Depth-first without recursion: a long chain must not exhaust the stack.
    """
    found: list[list[Node]] = []
    done: set[Node] = set()
    for start in edges:
        if start not in done:
            found += _circles_from(start, edges, done)
    return found


def _circles_from(start: Node, edges: Mapping[Node, Collection[Node]], done: set[Node]) -> list[list[Node]]:
    found: list[list[Node]] = []
    path: dict[Node, Iterator[Node]] = {start: iter(edges.get(start, ()))}
    while path:
        node = next(reversed(path))
        following = next(path[node], None)
        if following is None:
            done.add(node)
            del path[node]
        elif following in path:
            walked = list(path)
            found.append([*walked[walked.index(following) :], following])
        elif following not in done:
            path[following] = iter(edges.get(following, ()))
    return found
