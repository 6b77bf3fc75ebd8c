from django.apps import AppConfig


class WatchConfig(AppConfig):
    name = "umlindi.watch"
    label = "watch"
    verbose_name = "Watch"

    def ready(self) -> None:
        from umlindi.estate import panels  # noqa: PLC0415 (models must be loaded first)
        from umlindi.watch.panels import present_of  # noqa: PLC0415

        panels.register(present_of)
