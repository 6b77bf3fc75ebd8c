"""The API of heartbeats."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
