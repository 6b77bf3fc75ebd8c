"""The doors of heartbeats."""

from django.urls import path

from umlindi.heartbeats import views

app_name = "heartbeats"

urlpatterns = [
    path("ping/<uuid:link>", views.ping, name="ping"),
    path("ping/<uuid:link>/<str:what>", views.ping, name="ping_with"),
    path("heartbeats/", views.list_, name="list"),
    path("heartbeats/house/", views.house, name="house"),
    path("heartbeats/new/<slug:organisation>/", views.add, name="add"),
    path("heartbeats/<int:pk>/", views.one, name="one"),
    path("heartbeats/<int:pk>/edit/", views.change, name="change"),
    path("heartbeats/<int:pk>/pause/", views.pause, name="pause"),
    path("heartbeats/<int:pk>/resume/", views.resume, name="resume"),
    path("heartbeats/<int:pk>/rotate/", views.rotate, name="rotate"),
    path("heartbeats/<int:pk>/remove/", views.remove, name="remove"),
]
