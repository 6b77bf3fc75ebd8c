from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "umlindi.accounts"
    label = "accounts"
    verbose_name = "Accounts"
