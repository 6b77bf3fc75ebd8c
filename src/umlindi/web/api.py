"""One shape for every error of the API: {"error": {"code", "message", "fields"}}."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from rest_framework.exceptions import APIException, ErrorDetail, NotFound, ValidationError
from rest_framework.exceptions import PermissionDenied as NotAllowed
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.status import HTTP_409_CONFLICT
from rest_framework.views import exception_handler

from umlindi.core.actors import Forbidden


class Pages(LimitOffsetPagination):
    """At most so many rows at once, whatever is asked: nobody has the server hold a table in memory."""

    max_limit = 1000


def valid(serializer: Serializer[Any]) -> dict[str, Any]:
    """What was sent, as the serializer read it. Raises what becomes a 400 with every refused field."""
    serializer.is_valid(raise_exception=True)
    data: dict[str, Any] = serializer.validated_data
    return data


def conflict(code: str, message: str) -> Response:
    """409: it was well said, and things stand otherwise."""
    return Response({"error": {"code": code, "message": message, "fields": {}}}, status=HTTP_409_CONFLICT)


def explain_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Django REST framework's exception handler. None for a bug, which then becomes a 500 as everywhere."""
    if isinstance(error, Forbidden | PermissionDenied):
        error = NotAllowed(str(error) or None)
    response = exception_handler(error, context)
    if response is None:
        return None
    response.data = {"error": describe(error if isinstance(error, APIException) else NotFound())}
    return response


def describe(error: APIException) -> dict[str, Any]:
    """`fields` names each refused field with its reasons; empty where the error is not about fields."""
    if isinstance(error, ValidationError):
        return {"code": "invalid", "message": _message(error), "fields": _fields(error.detail)}
    return {"code": str(error.get_codes()), "message": str(error.detail), "fields": {}}


def _message(error: ValidationError) -> str:
    if isinstance(error.detail, list) and all(isinstance(part, ErrorDetail) for part in error.detail):
        return " ".join(str(part) for part in error.detail)
    return "Some fields are not right: see fields."


def _fields(detail: Any) -> dict[str, Any]:
    """Nested serializers keep their shape; a list of rows is keyed by the row's number from 0."""
    if isinstance(detail, list):
        return {str(row): _reasons(part) for row, part in enumerate(detail) if isinstance(part, Mapping) and part}
    return {name: _reasons(part) for name, part in detail.items()}


def _reasons(part: Any) -> Any:
    if isinstance(part, Mapping) or (isinstance(part, list) and any(isinstance(each, Mapping) for each in part)):
        return _fields(part)
    return [str(reason) for reason in part]
