from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "umlindi.web"
    label = "web"
    verbose_name = "Web"
