from django.apps import AppConfig


class StatusConfig(AppConfig):
    name = "umlindi.status"
    label = "status"
    verbose_name = "Status"

    def ready(self) -> None:
        from umlindi.estate import panels  # noqa: PLC0415 (models must be loaded first)
        from umlindi.status.panels import past_of  # noqa: PLC0415

        panels.register(past_of)
