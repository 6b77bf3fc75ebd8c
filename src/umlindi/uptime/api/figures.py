"""Figures over the API: the same names as in the CSV, times as exact decimal text."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from umlindi.accounts.api import actor_of_request
from umlindi.core.scope import visible_or_404
from umlindi.uptime import queries
from umlindi.uptime.api.shared import organisation_named
from umlindi.uptime.exporting import told
from umlindi.uptime.forms import PeriodForm
from umlindi.uptime.models import ClosedMonth
from umlindi.uptime.queries.book import Kind
from umlindi.uptime.queries.pages import MODELS, Row
from umlindi.uptime.queries.periods import Asked
from umlindi.uptime.queries.subjects import Subject

PERIOD = [
    OpenApiParameter("period", str, description="A month, as 2026-11; the running one without"),
    OpenApiParameter("from", OpenApiTypes.DATE, description="The first day, instead of a month"),
    OpenApiParameter("to", OpenApiTypes.DATE, description="The last day, included"),
]


def asked_for(request: Request) -> Asked:
    form = PeriodForm(request.query_params)
    asked = form.asked(timezone.now())
    if asked is None:
        raise ValidationError({name: [str(each) for each in errors] for name, errors in form.errors.items()})
    return asked


def _head(asked: Asked) -> dict[str, Any]:
    return {"start": asked.period.start.isoformat(), "end": asked.period.end.isoformat(), "runs": asked.runs}


def _closed(month: ClosedMonth) -> dict[str, Any]:
    return {
        "organisation": month.organisation.slug,
        "closed_at": month.closed_at.isoformat(),
        "hash": month.hash,
        "correction": month.corrects_id is not None,
    }


def _row(row: Row) -> dict[str, Any]:
    return {"id": row.line.subject, "parent": row.line.parent, **told(row)}


class FiguresView(APIView):
    """The figures of everything the caller may see: `rows` by kind, and which organisations' months are closed."""

    rights: ClassVar = {"GET": "alert.view"}

    @extend_schema(
        parameters=[
            *PERIOD,
            OpenApiParameter("organisation", str, description="Only this one, by its slug"),
            OpenApiParameter("kind", str, enum=[kind.value for kind in Kind], description="Only this kind"),
        ],
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: Request) -> Response:
        actor, slug, kind = (
            actor_of_request(request),
            *(request.query_params.get(k, "") for k in ("organisation", "kind")),
        )
        organisation = organisation_named(actor, slug) if slug else None
        asked = asked_for(request)
        page = queries.uptime_page(actor, asked, organisation, interfaces=kind in {"", Kind.INTERFACE})
        rows = [_row(row) for of, each in page.rows.items() if kind in {"", of} for row in each]
        return Response({**_head(asked), "closed": [_closed(month) for month in page.closed], "rows": rows})


class SubjectView(APIView):
    """One subject's figures with all the intervals that made them, newest first, and its windows."""

    rights: ClassVar = {"GET": "alert.view"}
    kind: Kind = Kind.SYSTEM

    @extend_schema(parameters=PERIOD, responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, pk: int) -> Response:
        actor = actor_of_request(request)
        row: Subject = visible_or_404(actor, MODELS[self.kind], pk=pk)
        page = queries.subject_page(actor, self.kind, row, asked_for(request))
        return Response(
            {
                **_head(page.asked),
                "closed": _closed(page.closed) if page.closed else None,
                "figures": _row(page.row) if page.row else None,
                "intervals": [one.to_json() for one in page.stretches],
                "windows": [
                    {
                        "title": one.title,
                        "agreed_by": one.agreed_by,
                        "starts": one.starts.isoformat(),
                        "ends": one.ends.isoformat(),
                    }
                    for one in page.windows
                ],
            }
        )
