from django.urls import path

from umlindi.watch import views

app_name = "watch"

urlpatterns = [
    path("outage/<int:pk>/", views.outage, name="outage"),
    path("probe/<int:pk>/", views.probe_now, name="probe"),
    path("check/", views.check_list, name="checks"),
    path("check/start/", views.check_start, name="check_start"),
    path("check/<int:pk>/", views.check_page, name="check"),
    path("check/<int:pk>/sign/", views.check_sign, name="check_sign"),
    path("check/<int:pk>/pdf/", views.check_pdf, name="check_pdf"),
]
