"""Django settings: one file, every value that an installation may change read from the environment.

The environment variables are listed in the README; a test compares.
"""

import json
import os
from pathlib import Path

from csp.constants import NONE, SELF

from studyapp.database import database_settings
from studyapp.installation import data_folder, header_name, kept_secret, switch, whole_number

BASE_DIR = Path(__file__).resolve().parent.parent

# Everything a running installation keeps: embedded database, images, the secret key.
DATA_DIR = data_folder(Path(os.environ.get("QUIDDITY_DATA", BASE_DIR / "var")))
IMAGE_ROOT = DATA_DIR / "images"

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    # Where images are kept: in IMAGE_ROOT, or in any storage that speaks Django's storage API.
    "images": {
        "BACKEND": os.environ.get("QUIDDITY_IMAGE_STORAGE", "stimuli.storage.ImageFolder"),
        "OPTIONS": json.loads(os.environ.get("QUIDDITY_IMAGE_STORAGE_OPTIONS", "{}")),
    },
}

# Made on first use, so that no installation runs with a published key.
SECRET_KEY = os.environ.get("QUIDDITY_SECRET_KEY") or kept_secret(DATA_DIR / "secret_key", characters=64)
DEBUG = False
# Whether the site is reached by HTTPS: on in every real deployment (docs/deployment.md), off for the demo on one
# machine, where there is no certificate.
HTTPS = switch("QUIDDITY_HTTPS", os.environ.get("QUIDDITY_HTTPS", "0"))
ALLOWED_HOSTS = [
    host.strip() for host in os.environ.get("QUIDDITY_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "stimuli",
    "studyapp",
]

MIDDLEWARE = [
    "studyapp.head.HeadMiddleware",
    "studyapp.headers.HeadersMiddleware",
    "studyapp.language.LanguageMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "studyapp.outage.OutageMiddleware",
]

ROOT_URLCONF = "studyapp.urls"
WSGI_APPLICATION = "studyapp.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": database_settings(os.environ.get("DATABASE_URL"), DATA_DIR / "postgres")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"

LANGUAGE_CODE = "en"
# Those that a protocol may choose; studyapp/locale has their words.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
# The app's files are served from where they stand: no collection step that could be forgotten or stale.
WHITENOISE_USE_FINDERS = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "img-src": [SELF],
        "style-src": [SELF],
        "script-src": [SELF],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}
SECURE_REFERRER_POLICY = "same-origin"

# Cookies are out of reach of scripts, and come along from another site only with a link that is followed: a researcher
# comes from a mail, a participant from a panel. What changes anything is a form, with which nothing comes along. The
# CSRF cookie is no authority; were it kept from links, a page opened by one would get another cookie, and the token of
# every page that is open already would be void.
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 60 * 60  # a long working day
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "studyapp.views.errors.csrf_failure"
CSRF_COOKIE_SAMESITE = "Lax"

if HTTPS:
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    # Browsers take cookies of these names only from this host itself, by HTTPS.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    CSRF_TRUSTED_ORIGINS = [f"https://{f'*{host}' if host.startswith('.') else host}" for host in ALLOWED_HOSTS]
# To be on the browsers' list of HTTPS sites concerns a whole domain and is hard to undo: for its owner to decide.
SILENCED_SYSTEM_CHECKS = ["security.W021"]

# What a proxy says is believed only where the installation declares the header that the proxy writes.
_forwarded = header_name("QUIDDITY_PROXY_HTTPS_HEADER", os.environ.get("QUIDDITY_PROXY_HTTPS_HEADER", ""))
SECURE_PROXY_SSL_HEADER = (f"HTTP_{_forwarded.upper().replace('-', '_')}", "https") if _forwarded else None
CLIENT_ADDRESS_HEADER = header_name(
    "QUIDDITY_CLIENT_ADDRESS_HEADER", os.environ.get("QUIDDITY_CLIENT_ADDRESS_HEADER", "")
)
ENROLMENTS_PER_HOUR = whole_number(
    "QUIDDITY_ENROLMENTS_PER_HOUR", os.environ.get("QUIDDITY_ENROLMENTS_PER_HOUR", "300")
)

# Errors go to standard error, where systemd keeps them; Django's own setting would mail them to nobody. Nothing else is
# logged: no visits, no addresses.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"()": "studyapp.logs.WithoutLinks", "format": "{asctime} {name}: {message}", "style": "{"}
    },
    "handlers": {"errors": {"class": "logging.StreamHandler", "level": "ERROR", "formatter": "plain"}},
    "loggers": {"django": {"handlers": ["errors"], "propagate": False}},
}
