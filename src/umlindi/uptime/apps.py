from django.apps import AppConfig


class UptimeConfig(AppConfig):
    name = "umlindi.uptime"
    label = "uptime"
    verbose_name = "Uptime"
