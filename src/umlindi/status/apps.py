from django.apps import AppConfig


class StatusConfig(AppConfig):
    name = "umlindi.status"
    label = "status"
    verbose_name = "Status"
