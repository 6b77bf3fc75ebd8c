from django.urls import path

from umlindi.uptime.queries.book import Kind
from umlindi.uptime.views import figures, objectives, windows

app_name = "uptime"

urlpatterns = [
    path("uptime/", figures.index, name="index"),
    path("uptime/uptime.csv", figures.table_csv, name="csv"),
    *(path(f"uptime/{kind.value}s/<int:pk>/", figures.subject, {"kind": kind}, name=kind.value) for kind in Kind),
    path("uptime/months/<int:pk>/", figures.month, name="month"),
    path("uptime/months/<int:pk>/correct/", figures.correct, name="correct"),
    path("uptime/objectives/new/", objectives.add, name="add_objective"),
    path("uptime/objectives/<int:pk>/edit/", objectives.change, name="change_objective"),
    path("uptime/objectives/<int:pk>/end/", objectives.end, name="end_objective"),
    path("uptime/windows/", windows.index, name="windows"),
    path("uptime/windows/new/", windows.add, name="add_window"),
    path("uptime/windows/<int:pk>/", windows.window, name="window"),
    path("uptime/windows/<int:pk>/edit/", windows.change, name="change_window"),
    path("uptime/windows/<int:pk>/cancel/", windows.cancel, name="cancel_window"),
]
