from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "umlindi.demo"
    label = "demo"
    verbose_name = "Demo"
