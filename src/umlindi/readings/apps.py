from django.apps import AppConfig


class ReadingsConfig(AppConfig):
    name = "umlindi.readings"
    label = "readings"
    verbose_name = "Readings"
