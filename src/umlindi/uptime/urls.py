from django.urls import URLPattern

app_name = "uptime"

urlpatterns: list[URLPattern] = []
