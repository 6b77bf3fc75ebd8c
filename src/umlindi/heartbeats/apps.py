from django.apps import AppConfig


class HeartbeatsConfig(AppConfig):
    name = "umlindi.heartbeats"
    label = "heartbeats"
    verbose_name = "Heartbeats"

    def ready(self) -> None:
        from umlindi.estate import panels  # noqa: PLC0415 (models must be loaded first)
        from umlindi.heartbeats.panels import heartbeats_of  # noqa: PLC0415

        panels.register(heartbeats_of)
