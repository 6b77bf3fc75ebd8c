from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "umlindi.core"
    label = "core"
    verbose_name = "Core"
