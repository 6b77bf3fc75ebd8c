"""People, roles, sign-in and tokens."""

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "umlindi.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        import_module("umlindi.accounts.trail")
        import_module("umlindi.accounts.openapi")
