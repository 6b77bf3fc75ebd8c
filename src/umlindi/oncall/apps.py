from django.apps import AppConfig


class OnCallConfig(AppConfig):
    name = "umlindi.oncall"
    label = "oncall"
    verbose_name = "On call"
