"""Settings: few, flat, from the environment; secrets from files in the home folder.

UMLINDI_HOME       where data, secrets and logs live (`umlindi up` sets it)
DATABASE_URL       PostgreSQL, as a URL; `umlindi up` sets it to the embedded cluster
UMLINDI_SITE_URL   how people reach this installation, for links in mail and for allowed hosts
UMLINDI_DEMO       1 where the living demo estate runs
UMLINDI_HEARTBEAT_URL  asked for each minute while all is well, so that an outside watcher notices when we are dead
UMLINDI_HTTPS      1 where a proxy in front speaks TLS: cookies become secure-only
UMLINDI_SMTP_URL   the mail server: smtp://user@host:587/?tls=starttls, or smtps://…; secrets/smtp_password
UMLINDI_MAIL_FROM  in whose name mail goes out
UMLINDI_KEEP_READINGS, UMLINDI_KEEP_HOURS, UMLINDI_KEEP_DAYS
                   days for which single readings, hourly and daily histograms are kept (14, 400, 1826)
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from umlindi import __version__

PACKAGE = Path(__file__).resolve().parent.parent
UMLINDI_HOME = Path(os.environ.get("UMLINDI_HOME", ".")).resolve()
UMLINDI_DEMO = os.environ.get("UMLINDI_DEMO") == "1"
UMLINDI_HEARTBEAT_URL = os.environ.get("UMLINDI_HEARTBEAT_URL", "")
UMLINDI_HTTPS = os.environ.get("UMLINDI_HTTPS") == "1"
SITE_URL = os.environ.get("UMLINDI_SITE_URL", "http://localhost:8600")


def _secret(name: str) -> str:
    """A secret by file, or by environment where an orchestrator gives it so. Empty where neither is there."""
    path = UMLINDI_HOME / "secrets" / name
    return path.read_text().strip() if path.is_file() else os.environ.get(f"UMLINDI_{name.upper()}", "")


def _database(url: str) -> dict[str, object]:
    """A PostgreSQL URL as Django's settings. A socket folder comes as `?host=/folder`, as libpq has it."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "umlindi",
        "USER": unquote(parts.username or query.pop("user", "")),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": str(query.pop("port", parts.port or "")),
        "OPTIONS": {**query, "connect_timeout": 10},
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


SECRET_KEY = _secret("secret_key")
AUDIT_KEY = _secret("audit_key")
DATABASES = {"default": _database(os.environ.get("DATABASE_URL", "postgresql:///umlindi"))}

_SMTP = urlsplit(os.environ.get("UMLINDI_SMTP_URL", ""))
EMAIL_HOST = _SMTP.hostname or ""
EMAIL_USE_SSL = _SMTP.scheme == "smtps"
EMAIL_USE_TLS = dict(parse_qsl(_SMTP.query)).get("tls") == "starttls"
EMAIL_PORT = _SMTP.port or (465 if EMAIL_USE_SSL else 587 if EMAIL_USE_TLS else 25)
EMAIL_HOST_USER = unquote(_SMTP.username or "")
EMAIL_HOST_PASSWORD = unquote(_SMTP.password or "") or _secret("smtp_password")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("UMLINDI_MAIL_FROM", f"Umlindi <umlindi@{urlsplit(SITE_URL).hostname}>")

DEBUG = False
ALLOWED_HOSTS = [urlsplit(SITE_URL).hostname or "127.0.0.1", "127.0.0.1", "localhost"]
CSRF_TRUSTED_ORIGINS = [f"{urlsplit(SITE_URL).scheme}://{urlsplit(SITE_URL).netloc}"]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "umlindi.accounts",  # before allauth: its templates replace allauth's
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
    "procrastinate.contrib.django",
    "umlindi.core",
    "umlindi.readings",
    "umlindi.estate",
    "umlindi.watch",
    "umlindi.uptime",
    "umlindi.heartbeats",
    "umlindi.oncall",
    "umlindi.alerts",
    "umlindi.status",
    "umlindi.demo",
    "umlindi.web",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "umlindi.web.middleware.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "umlindi.accounts.middleware.SessionLimits",
    "umlindi.accounts.middleware.PasswordMustChange",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "umlindi.accounts.middleware.ActorMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "umlindi.config.urls"
WSGI_APPLICATION = "umlindi.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Ours come before those of the apps above us in the list: allauth brings its own sign-in pages.
        "DIRS": [PACKAGE / "web" / "templates", PACKAGE / "accounts" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "umlindi.web.context.house",
            ],
        },
    }
]

LANGUAGE_CODE = "en-za"
TIME_ZONE = "Africa/Johannesburg"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [folder for folder in (PACKAGE / "web" / "static", PACKAGE / "web" / "vendor") if folder.is_dir()]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "now"
ACCOUNT_ADAPTER = "umlindi.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {"change_password": "umlindi.accounts.forms.OwnPasswordForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_REAUTHENTICATION_REQUIRED = False
ACCOUNT_SESSION_REMEMBER = False
# Wrong passwords are axes' to count; this one also slows down guessing the second factor.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/5m/key"}
MFA_ADAPTER = "umlindi.accounts.adapter.SecondFactorAdapter"
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Umlindi"
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not UMLINDI_HTTPS
# Rate limits are counted here. Where 300 places are all, as is usual, whoever fills them ends every count.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
}

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_CALLABLE = "umlindi.accounts.adapter.locked_name"
AXES_LOCKOUT_TEMPLATE = "account/locked.html"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True

SESSION_COOKIE_AGE = 12 * 3600
SESSION_SAVE_EVERY_REQUEST = False
SESSION_COOKIE_SECURE = UMLINDI_HTTPS
SESSION_COOKIE_NAME = "umlindi_session"
CSRF_COOKIE_SECURE = UMLINDI_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if UMLINDI_HTTPS else None
SECURE_HSTS_SECONDS = 31536000 if UMLINDI_HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"

READINGS_KEPT_DAYS = {
    "reading": int(os.environ.get("UMLINDI_KEEP_READINGS", "14")),
    "hour": int(os.environ.get("UMLINDI_KEEP_HOURS", "400")),
    "day": int(os.environ.get("UMLINDI_KEEP_DAYS", "1826")),
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "umlindi.accounts.api.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["umlindi.accounts.api.DeclaredRight"],
    "DEFAULT_SCHEMA_CLASS": "umlindi.accounts.openapi.Described",
    "DEFAULT_PAGINATION_CLASS": "umlindi.web.api.Pages",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "PAGE_SIZE": 100,
    "EXCEPTION_HANDLER": "umlindi.web.api.explain_error",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Umlindi",
    "DESCRIPTION": "Every room's rows and verbs, scoped to the token's organisations.",
    "VERSION": __version__,
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "OrganisationKind": "umlindi.accounts.models.Organisation.Kind",
        "SystemKind": "umlindi.estate.models.System.Kind",
        "InterfaceKind": "umlindi.estate.models.Interface.Kind",
        "OutageKind": "umlindi.watch.models.Outage.Kind",
        "WorstCondition": "umlindi.watch.models.Outage.Worst",
        "HeartbeatWorst": "umlindi.heartbeats.models.Heartbeat.Worst",
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"links": {"()": "umlindi.web.logs.SecretLinks"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["links"]}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "procrastinate": {"level": "WARNING"},
        "axes": {"level": "ERROR"},
        "fido2": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},  # an address can be a secret
    },
}
