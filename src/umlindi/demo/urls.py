from django.urls import path

from umlindi.demo import views

app_name = "demo"

urlpatterns = [
    path("", views.lab, name="lab"),
    path("<slug:slug>/break/", views.break_fault, name="break"),
    path("<slug:slug>/mend/", views.mend, name="mend"),
]
