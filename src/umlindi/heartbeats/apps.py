from django.apps import AppConfig


class HeartbeatsConfig(AppConfig):
    name = "umlindi.heartbeats"
    label = "heartbeats"
    verbose_name = "Heartbeats"
