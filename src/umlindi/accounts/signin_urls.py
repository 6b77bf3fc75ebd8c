"""Sign-in and one's own account: allauth's views, each named here, so that a new one of theirs opens no door of ours.

Sign-up, mailed links and password reset by mail are left out: an administrator adds people and resets passwords. The
views that change a second factor are `trailed`.
"""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from django.urls import path

from umlindi.accounts.trail import trailed
from umlindi.accounts.views import own

urlpatterns = [
    path("", own.account, name="account"),
    path("name/", own.change_name, name="account_change_name"),
    path("tokens/add/", own.add_token, name="account_add_token"),
    path("tokens/<int:pk>/revoke/", own.revoke_own_token, name="account_revoke_token"),
    path("sessions/end/", own.end_other_sessions, name="account_end_sessions"),
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", own.change_password, name="account_change_password"),
    path("2fa/", own.account, name="mfa_index"),
    path("2fa/authenticate/", second_factor.authenticate, name="mfa_authenticate"),
    path("2fa/reauthenticate/", second_factor.reauthenticate, name="mfa_reauthenticate"),
    path("2fa/totp/activate/", trailed(totp.activate_totp), name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", trailed(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("2fa/recovery-codes/", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "2fa/recovery-codes/generate/",
        trailed(recovery_codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path("2fa/recovery-codes/download/", recovery_codes.download_recovery_codes, name="mfa_download_recovery_codes"),
    path("2fa/webauthn/", own.account, name="mfa_list_webauthn"),
    path("2fa/webauthn/add/", trailed(passkeys.add_webauthn), name="mfa_add_webauthn"),
    path("2fa/webauthn/login/", passkeys.login_webauthn, name="mfa_login_webauthn"),
    path("2fa/webauthn/reauthenticate/", passkeys.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("2fa/webauthn/keys/<int:pk>/remove/", trailed(passkeys.remove_webauthn), name="mfa_remove_webauthn"),
    path("2fa/webauthn/keys/<int:pk>/edit/", trailed(passkeys.edit_webauthn), name="mfa_edit_webauthn"),
]
