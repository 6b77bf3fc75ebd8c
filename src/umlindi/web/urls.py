"""The doors that belong to no room."""

from __future__ import annotations

from django.urls import path

from umlindi.web import views

urlpatterns = [
    path("health", views.health, name="health"),
    path("palette", views.palette, name="palette"),
]
