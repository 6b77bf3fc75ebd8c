from django.apps import AppConfig


class WatchConfig(AppConfig):
    name = "umlindi.watch"
    label = "watch"
    verbose_name = "Watch"
