from django.urls import path

from umlindi.alerts.views import browse

app_name = "alerts"

urlpatterns = [
    path("alerts/", browse.alert_list, name="list"),
    path("alerts/count/", browse.count, name="count"),
]
