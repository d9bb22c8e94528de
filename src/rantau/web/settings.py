"""Django's settings, all of them made from the site."""

from __future__ import annotations

from pathlib import Path

from rantau.web import static
from rantau.web.database import database_of
from rantau.web.site import secret_key, site_of_environment

SITE = site_of_environment()
_COOKIE = "__Host-" if SITE.secure else ""
_PORT = "" if SITE.secure else f"_{SITE.port}"  # browsers share cookies between the ports of one host

SECRET_KEY = secret_key(Path(SITE.folder))
DEBUG = False
ALLOWED_HOSTS = ["[::1]" if h == "::1" else h for h in SITE.allowed_hosts]
ROOT_URLCONF = "rantau.web.urls"
DATABASES = {"default": database_of(SITE.database)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ, TIME_ZONE, USE_I18N = True, "UTC", True
LANGUAGE_CODE = "en"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rantau.web.records",
]
MIDDLEWARE = [
    "rantau.web.guard.headers.headers",
    "rantau.web.static.StaticFiles",
    "django.middleware.security.SecurityMiddleware",
    "rantau.web.guard.origin.same_origin",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "rantau.web.guard.viewer.ViewerMiddleware",
    "rantau.web.guard.viewer.SignedInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "pages" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

STATICFILES_DIRS = [Path(__file__).parent / "pages" / "static"]
STATIC_URL = f"/static/{static.version(STATICFILES_DIRS)}/"
STATIC_ROOT = None
WHITENOISE_USE_FINDERS, WHITENOISE_AUTOREFRESH, WHITENOISE_ALLOW_ALL_ORIGINS = True, False, False

LOGIN_URL, LOGIN_REDIRECT_URL, LOGOUT_REDIRECT_URL = "/login", "/", "/login"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_COOKIE}session{_PORT}", f"{_COOKIE}csrf{_PORT}"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE.secure
SESSION_COOKIE_AGE = 14 * 86_400
CSRF_FAILURE_VIEW = "rantau.web.http.failures.csrf_failure"
CSRF_COOKIE_HTTPONLY = True  # pages carry the token; no script needs the cookie

DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 2**20
FILE_UPLOAD_HANDLERS: list[str] = []  # no page takes a file
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "no-referrer"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
if SITE.secure:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # asked from inside, without TLS
    SECURE_HSTS_SECONDS = 31_536_000
# W002: the frame header is in guard/headers. W005, W021: other names of the domain are the owner's to decide
SILENCED_SYSTEM_CHECKS = ["security.W002", "security.W005", "security.W021"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "rantau.web.logs.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        # what was refused is counted, not written down: a stranger could fill the disk with it
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "CRITICAL"},
        "uvicorn": {"level": "ERROR"},
    },
}
