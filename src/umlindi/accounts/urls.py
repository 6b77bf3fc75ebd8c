"""The doors of People."""

from __future__ import annotations

from django.urls import path

from umlindi.accounts.views import people

app_name = "people"

urlpatterns = [
    path("", people.listing, name="list"),
    path("add/", people.add, name="add"),
    path("<int:pk>/", people.person, name="person"),
    path("<int:pk>/change/", people.change, name="change"),
    path("<int:pk>/grant/", people.grant, name="grant"),
    path("<int:pk>/deactivate/", people.deactivate, name="deactivate"),
    path("<int:pk>/reactivate/", people.reactivate, name="reactivate"),
    path("<int:pk>/reset-password/", people.reset_password, name="reset_password"),
    path("<int:pk>/reset-second-factor/", people.reset_second_factor, name="reset_second_factor"),
    path("roles/<int:pk>/revoke/", people.revoke, name="revoke"),
    path("tokens/<int:pk>/revoke/", people.revoke_token, name="revoke_token"),
]
