"""The doors of the audit trail."""

from __future__ import annotations

from django.urls import path

from umlindi.core import views

app_name = "audit"

urlpatterns = [
    path("", views.trail, name="list"),
    path("<int:seq>/", views.event, name="event"),
    path("export/<slug:form>/", views.export, name="export"),
]
