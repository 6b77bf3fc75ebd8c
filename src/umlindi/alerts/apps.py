from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "umlindi.alerts"
    label = "alerts"
    verbose_name = "Alerts"
