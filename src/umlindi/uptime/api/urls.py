"""Addresses below /api/."""

from django.urls import path

from umlindi.uptime.api import figures, objectives, windows
from umlindi.uptime.queries.book import Kind

urlpatterns = [
    path("uptime/", figures.FiguresView.as_view(), name="api-uptime"),
    *(
        path(
            f"uptime/{kind.value}s/<int:pk>/",
            figures.SubjectView.as_view(kind=kind),
            name=f"api-uptime-{kind.value}",
        )
        for kind in Kind
    ),
    path("windows/", windows.WindowsView.as_view(), name="api-windows"),
    path("windows/<int:pk>/", windows.WindowView.as_view(), name="api-window"),
    path("windows/<int:pk>/cancel/", windows.CancelView.as_view(), name="api-window-cancel"),
    path("windows/<int:pk>/end/", windows.EndView.as_view(), name="api-window-end"),
    path("objectives/", objectives.ObjectivesView.as_view(), name="api-objectives"),
    path("objectives/<int:pk>/", objectives.ObjectiveView.as_view(), name="api-objective"),
    path("objectives/<int:pk>/end/", objectives.EndObjectiveView.as_view(), name="api-objective-end"),
]
