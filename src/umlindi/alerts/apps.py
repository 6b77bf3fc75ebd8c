from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "umlindi.alerts"
    label = "alerts"
    verbose_name = "Alerts"

    def ready(self) -> None:
        from umlindi.alerts.queries.rail import alarms  # noqa: PLC0415 (models must be loaded first)
        from umlindi.web.context import count_alarms_with  # noqa: PLC0415

        count_alarms_with(alarms)
