from django.apps import AppConfig


class EstateConfig(AppConfig):
    name = "umlindi.estate"
    label = "estate"
    verbose_name = "Estate"
