"""The API's description as a page: what there is, what it needs, how to call it. Nothing is loaded from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from umlindi.core.doors import Request, signed_in


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `asks` are its parameters as (name, whether required)."""

    method: str
    path: str
    said: list[str]
    asks: list[tuple[str, bool]]
    answers: list[str]


@require_safe
@signed_in
def guide(request: Request) -> HttpResponse:
    """What can a program ask of this installation?"""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    found = [_operation(path, method, told) for path, each in schema["paths"].items() for method, told in each.items()]
    return render(request, "account/api_guide.html", {"operations": found})


def _operation(path: str, method: str, told: dict[str, Any]) -> Operation:
    return Operation(
        method=method.upper(),
        path=path,
        said=told.get("description", "").replace("`", "").split("\n\n"),
        asks=[(each["name"], each.get("required", False)) for each in told.get("parameters", [])],
        answers=sorted(told.get("responses", {})),
    )
