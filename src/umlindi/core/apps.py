"""What every room uses: actors, scope, the audit trail."""

from importlib import import_module

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "umlindi.core"
    label = "core"
    verbose_name = "Core"

    def ready(self) -> None:
        import_module("umlindi.core.checks")
