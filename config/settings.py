"""The one settings file: everything comes from the environment and fails loudly.

Names starting with REPERES_ are ours and listed in docs/exploitation.md.
"""

import os
from pathlib import Path

# Before anything that loads GDAL: see the module's docstring.
from config.geo_libraries import gdal_library_path, geos_library_path  # isort: skip

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config.databases import databases
from config.environment import (
    env_bool,
    env_date,
    env_int,
    env_limit,
    env_list,
    env_mfa,
    env_proconnect,
)
from config.headers import (  # noqa: F401  # settings by their names
    CONTENT_SECURITY_POLICY,
    GEOCODER_ORIGIN,
    GEOCODER_URL,
    PERMISSIONS_POLICY,
    TILE_HOST,
)
from config.objects import SHARED_OBJECTS  # noqa: F401  # settings by their names
from config.sign_in_forms import ACCOUNT_FORMS, MFA_FORMS  # noqa: F401  # settings by their names
from config.wfs import (  # noqa: F401  # settings by their names
    GISSERVER_COUNT_NUMBER_MATCHED,
    GISSERVER_CSV_MAX_PAGE_SIZE,
    GISSERVER_DB_PRECISION,
    GISSERVER_DEFAULT_MAX_PAGE_SIZE,
    GISSERVER_GEOJSON_MAX_PAGE_SIZE,
)

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
GDAL_LIBRARY_PATH = gdal_library_path()
GEOS_LIBRARY_PATH = geos_library_path()

# --- Who and where -----------------------------------------------------------
REPERES_DEMO = env_bool("REPERES_DEMO")
REPERES_LOCAL = Path(os.environ.get("REPERES_LOCAL") or BASE_DIR / ".local").resolve()
REPERES_DATA = Path(os.environ.get("REPERES_DATA") or BASE_DIR.parent / "shared" / "data")
REPERES_PROCESS = os.environ.get("REPERES_PROCESS", "web")
DEBUG = env_bool("DJANGO_DEBUG", default=False)
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", default="localhost,127.0.0.1,[::1]")
LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "[::1]", "testserver"}
IS_PUBLIC_HOST = not set(ALLOWED_HOSTS) <= LOOPBACK_HOSTS
if REPERES_DEMO and IS_PUBLIC_HOST and not DEBUG:
    raise ImproperlyConfigured(
        "REPERES_DEMO=1 publie des mots de passe connus de tous : refusé sur un nom d'hôte public."
    )
SECRET_KEY = os.environ.get("SECRET_KEY", "")
if len(SECRET_KEY) < 32:
    raise ImproperlyConfigured("SECRET_KEY : donnez au moins 32 caractères tirés au hasard.")
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS")
PUBLIC_URL = os.environ.get("REPERES_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
# Who answers for this site in its legal pages.
PUBLISHER = os.environ.get("REPERES_PUBLISHER", "")
CONTACT_EMAIL = os.environ.get("REPERES_CONTACT", "")
# No rate limit and no proof of work, for benches and load tests: demo only.
REPERES_LIMITS = os.environ.get("REPERES_LIMITS", "on") != "off"
if not REPERES_LIMITS and not REPERES_DEMO:
    raise ImproperlyConfigured("REPERES_LIMITS=off n'est permis qu'avec REPERES_DEMO=1.")

# --- Applications --------------------------------------------------------------
INSTALLED_APPS = [
    "config",
    "moderation",
    "exports",
    "contributions",
    "couches",
    "comptes",
    "territoires",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.gis",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "django_linear_migrations",
    "pgtrigger",
    "procrastinate.contrib.django",
    "gisserver",
    "rest_framework",
    "drf_spectacular",
    "knox",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "comptes.middleware.RefuseFormerOfficials",
    "comptes.second_factor.SecondFactorMiddleware",
    # Last: what it asks twice is the view alone.
    "couches.reading.ReadFromReplica",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "frontend" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.instance",
                "comptes.second_factor.warning",
                "config.context.desk",
            ],
        },
    }
]

# Forms come out in our own markup: frontend/templates/django/forms/.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Database ------------------------------------------------------------------
DATABASES = databases(REPERES_PROCESS)
DATABASE_ROUTERS = ["couches.reading.ReplicaRouter"]
# Older than this, a replica is not read: what was published must show.
REPLICA_MAX_LAG_S = env_int("REPERES_REPLICA_MAX_LAG", default=30)

# Counters of sign-in attempts must be seen by every process: they live in the database.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "comptes_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# --- People --------------------------------------------------------------------
AUTH_USER_MODEL = "comptes.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/moderation/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "comptes.adapter.AccountAdapter"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = True
# `False` turns allauth's limits off; an empty table would bring its defaults back.
ACCOUNT_RATE_LIMITS: dict[str, str] | bool = REPERES_LIMITS and {
    "login": "60/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "reset_password": "20/h/ip,3/h/key",
    "reset_password_from_key": "20/m/ip",
    "change_password": "5/m/user",
    "claim_code": "3/d/ip",
    "claim_redeem": "30/h/ip",
    "access_request": "3/d/ip",
    "invitation": "60/h/user",
    "reauthenticate": "10/m/user",
}
# After elections: everybody confirms their mandate again by that day (AAAA-MM-JJ), whatever the year.
ATTESTATION_DATE = env_date("REPERES_ATTESTATION_DATE")
# Minutes spent installing an application on a telephone must not ask for the password again.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60

# Who decides, publishes or grants shows a second factor: the demonstration lets them do without.
REPERES_MFA = env_mfa(demo=REPERES_DEMO)
MFA_ADAPTER = "comptes.second_factor_adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
# The code before and the code after pass too: telephones of town halls are not always on time.
MFA_TOTP_TOLERANCE = 1
# Officials are invited by the holder of their address: nobody has one left to prove.
MFA_ALLOW_UNVERIFIED_EMAIL = True

# ProConnect, the State's sign-in for public agents; off while PROCONNECT_ISSUER is empty.
PROCONNECT_ISSUER, PROCONNECT_CLIENT_ID, PROCONNECT_SECRET = env_proconnect()
PROCONNECT_PKCE = env_bool("PROCONNECT_PKCE", default=True)
# Levels to ask for (`acr` values, comma-separated); empty: whatever the agent's provider does.
PROCONNECT_ACR = env_list("PROCONNECT_ACR")
SOCIALACCOUNT_ADAPTER = "comptes.proconnect.adapter.ProConnectAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5

# How many reverse proxies stand before us: the client's address is that many from the end
# of X-Forwarded-For. With 0 the header is never read, whoever sends it.
REPERES_PROXIES = env_int("REPERES_PROXIES", default=0)
# Token buckets of what strangers send: (a token comes back this many times an hour, at most so
# many are kept). See docs/exploitation.md for who each one slows.
LIMITS: dict[str, tuple[int, int]] = {
    name: env_limit(f"REPERES_LIMIT_{name.upper()}", default=default)
    for name, default in {
        "address": "60:30",
        "bare": "20:20",
        "commune": "600:300",
        "site": "60000:12000",
        "official": "1200:300",
        "photo": "180:90",
        "challenge": "240:120",
        "code": "120:60",
        "preview": "600:150",
        "recover": "20:10",
        "paused_address": "3:3",
        "paused_zone": "20:20",
    }.items()
}
# Proof of work: `COUNTER` tries of `COST` rounds at most when all is quiet, two and a half times
# as many under a storm. 5000 × 120 is 0.2 to 0.5 s on a phone, 5000 × 300 below 2 s.
CHALLENGE_COST = env_int("REPERES_CHALLENGE_COST", default=5000)
CHALLENGE_COUNTER = env_int("REPERES_CHALLENGE_COUNTER", default=120)
if CHALLENGE_COST < 1 or CHALLENGE_COUNTER < 1:
    raise ImproperlyConfigured("REPERES_CHALLENGE_COST et REPERES_CHALLENGE_COUNTER : au moins 1.")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 12

# --- API -----------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "comptes.authentication.BearerAuthentication",
        "comptes.authentication.PageAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.parsers.BoundedJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.problems.exception_handler",
    "DEFAULT_VERSIONING_CLASS": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
KNOX_TOKEN_MODEL = "comptes.ApiToken"  # noqa: S105  # the name of a model
# Our model takes the place of knox's: without this an empty table of its own would remain.
MIGRATION_MODULES = {"knox": None}
REST_KNOX = {"TOKEN_TTL": None, "AUTH_HEADER_PREFIX": "Bearer", "TOKEN_LIMIT_PER_USER": 20}
SPECTACULAR_SETTINGS = {
    "TITLE": "Repères",
    "DESCRIPTION": "Contributions géolocalisées, décisions des communes et couches versionnées.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "LICENSE": {
        "name": "Licence Ouverte 2.0 (données)",
        "url": "https://www.etalab.gouv.fr/licence-ouverte-open-licence",
    },
    # Fields of one name and several lists, or the other way round: each list has its own name.
    "ENUM_NAME_OVERRIDES": {
        "OfficialActionEnum": "moderation.serializers.ACTIONS",
        "RegisterActionEnum": "moderation.api_register.ACTIONS",
        "ExpectedLevelEnum": "contributions.models.Contribution.Level",
        "EscalationLevelEnum": "moderation.models.Escalation.Level",
        "LevelEnum": "moderation.api_register.LEVELS",
    },
}

# --- Jobs ----------------------------------------------------------------------
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
PROCRASTINATE_ON_APP_READY = None
# Several at once in each worker: a letter does not wait behind a large export.
PROCRASTINATE_WORKER_DEFAULTS = {"concurrency": env_int("REPERES_JOBS", default=4)}

# --- Language, time --------------------------------------------------------------
# One language per instance, French unless told otherwise: a village's page must
# not switch to English because a phone was bought abroad.
LANGUAGE_CODE = os.environ.get("REPERES_LANGUAGE", "fr")
LANGUAGES = [("fr", _("français")), ("en", _("anglais"))]
LOCALE_PATHS = [BASE_DIR / "frontend" / "locale"]
TIME_ZONE = "Europe/Paris"
USE_TZ = True
USE_I18N = True
USE_THOUSAND_SEPARATOR = True

# --- Files -----------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = REPERES_LOCAL / "static"
STATICFILES_DIRS: list[Path | tuple[str, Path]] = [BASE_DIR / "frontend" / "static"]
_LEAFLET = BASE_DIR / "node_modules" / "leaflet" / "dist"
if _LEAFLET.is_dir():
    STATICFILES_DIRS.append(("leaflet", _LEAFLET))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.staticfiles.HashedStaticFilesStorage"},
}
MEDIA_ROOT = Path(os.environ.get("REPERES_MEDIA") or REPERES_LOCAL / "media")
EXPORTS_ROOT = Path(os.environ.get("REPERES_EXPORTS") or REPERES_LOCAL / "exports")
DATA_UPLOAD_MAX_MEMORY_SIZE = 13 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 13 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "contributions.imports.upload.BoundedUpload",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
DATA_UPLOAD_MAX_NUMBER_FIELDS = 400
DATA_UPLOAD_MAX_NUMBER_FILES = 3
# Asked by the demo only, for five seconds; REPERES_GEO_API=non leaves the network alone.
GEO_API_URL = os.environ.get("REPERES_GEO_API", "https://geo.api.gouv.fr")
COG_PATH = Path(
    os.environ.get("REPERES_COG")
    or BASE_DIR / "node_modules" / "@etalab" / "decoupage-administratif" / "data"
)

# --- Mail ------------------------------------------------------------------------
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = env_int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "Repères <ne-pas-repondre@localhost>")
# Without a mail server the letters are written to files, where the demo can show them.
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if EMAIL_HOST
    else "django.core.mail.backends.filebased.EmailBackend"
)
EMAIL_FILE_PATH = REPERES_LOCAL / "courriers"

# --- Headers (what pages may load: config/headers.py) ---------------------------
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env_bool("REPERES_HTTPS"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 2 * 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
CSRF_FAILURE_VIEW = "config.views.csrf_failure"
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
# The proxy redirects to HTTPS (deploy/nginx.conf); browsers' preload list is the domain owner's choice.
SILENCED_SYSTEM_CHECKS = ["security.W008", "security.W021"]

# --- Logs --------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"no_row_detail": {"()": "config.logs.NoRowDetail"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["no_row_detail"]}
    },
    # Each command would list every task it knows, and each printed sheet its steps.
    "loggers": {
        name: {"level": "WARNING"}
        for name in ("procrastinate.periodic", "procrastinate.blueprints", "weasyprint", "fontTools")
    },
    "root": {"handlers": ["console"], "level": os.environ.get("REPERES_LOG_LEVEL", "INFO")},
}
