"""The API of uptime."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
