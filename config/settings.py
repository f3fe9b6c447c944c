"""Django's settings: one file, from the environment only (`config/env.py` lists the variables)."""

import os
import sys
from pathlib import Path
from typing import Any

import django_stubs_ext
from environ import Env

from companies.postgresql.resting import IDLE_SECONDS, RECONNECT_SECONDS
from companies.shown_once import ONCE
from config.embedded.secrets import find_secrets
from config.embedded.services import find_services
from config.env import BASE_DIR, WishError, env
from config.prices import read_prices

django_stubs_ext.monkeypatch()  # lets `ModelAdmin[Matter]` and its like be written

DATA_DIR = Path(env("DATA_DIR") or BASE_DIR / ".data").resolve()
_services = find_services(DATA_DIR)
# What is started beside `make run` asks the model and the providers that its own processes ask.
if _services and not env("DATABASE_URL"):
    os.environ |= {name: value for name, value in _services.variables.items() if not os.environ.get(name)}
_secrets = find_secrets(DATA_DIR)

DEBUG = env("DEBUG")
SECRET_KEY = env("SECRET_KEY") or (_secrets.secret_key if _secrets else "")
if not SECRET_KEY:
    raise WishError(
        "SECRET_KEY is not set. Put it into .env, or start with `make run`, which makes one and keeps it in DATA_DIR."
    )
FIELD_ENCRYPTION_KEYS: list[str] = env("FIELD_ENCRYPTION_KEYS") or (
    _secrets.field_encryption_keys.split(",") if _secrets else []
)
REVIEW_SIGNING_KEY: list[str] = env("REVIEW_SIGNING_KEY") or (
    _secrets.review_signing_key.split(",") if _secrets else []
)
STAFF_MFA_REQUIRED = env("STAFF_MFA_REQUIRED")
DEMO_PASSWORDS = {"founder": _secrets.founder_password, "staff": _secrets.staff_password} if _secrets else {}

HOST, PORT = env("HOST"), env("PORT")
ALLOWED_HOSTS = env("ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]", HOST]
# Full origins (scheme, host, port): also what a WebSocket handshake's Origin is compared with.
_PORT = "" if PORT == 80 else f":{PORT}"  # browsers leave it out
CSRF_TRUSTED_ORIGINS = env("CSRF_TRUSTED_ORIGINS") or [f"http://{host}{_PORT}" for host in ALLOWED_HOSTS if host != "*"]

# Where e-mails lead that no request stands behind.
SITE_URL = next(
    (origin for origin in env("CSRF_TRUSTED_ORIGINS") if "*" not in origin),
    f"http://{HOST if HOST not in ('0.0.0.0', '::', '') else 'localhost'}{_PORT}",  # noqa: S104 # nothing listens by it
)

INSTALLED_APPS = [
    *(["daphne"] if "runserver" in sys.argv else []),  # which it makes serve WebSockets; others would load Twisted
    "companies.admin_apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "channels",
    "ninja",
    "pgtrigger",
    "companies",
    "playbooks",
    "matters",
    "documents",
    "advice",
    "workers",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.static.StaticFilesMiddleware",
    "config.middleware.request_ids",
    "config.health.probes",
    "companies.sessions.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.head_as_get",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context_processors.notices",
                "config.context_processors.passkeys",
            ]
        },
    }
]


# A session plans a statement that it has seen twice no more. Behind a pooler, which LISTEN_DATABASE_URL is a sign of,
# the next transaction may be another session's.
PREPARE_THRESHOLD = None if env("LISTEN_DATABASE_URL") else 2


# A server whose machine or network is gone says nothing: who waits for its answer would do so for two hours, who asks
# it for a quarter of one. libpq's names, in seconds and milliseconds; over a Unix socket they mean nothing.
NOTICE_A_LOST_SERVER = {"keepalives_idle": 10, "keepalives_interval": 5, "tcp_user_timeout": 15_000}


def database_at(url: str) -> dict[str, Any]:
    """Django's settings of the database at `url`; `?pool=0` in it asks for plain connections."""
    config: dict[str, Any] = Env.db_url_config(url)
    config["ENGINE"] = "companies.postgresql"
    options = config.setdefault("OPTIONS", {})
    if str(options.pop("pool", "1")) != "0":
        # Threads share a few connections: a step holds one only while it reads or writes, never during a model call.
        options["pool"] = {
            "min_size": 1,
            "max_size": 12,
            "timeout": 4,
            "max_idle": IDLE_SECONDS,
            "reconnect_timeout": RECONNECT_SECONDS,
        }
    options |= {"connect_timeout": 5} | NOTICE_A_LOST_SERVER | options
    options |= {"server_side_binding": True, "prepare_threshold": PREPARE_THRESHOLD}
    return config


# The driver reads no other dates, whatever a database or a role has for its default. libpq asks for both while it
# connects, for every connection of this process; proxies that pool know them.
os.environ |= {"PGDATESTYLE": "ISO", "PGCLIENTENCODING": "UTF8"}
DATABASE_URL = env("DATABASE_URL") or (_services.database_url if _services else "")
# Without services (a fresh checkout, `make check`) the address is one where nothing listens: commands that need no
# database work, others say that it can't be reached.
DATABASES = {"default": database_at(DATABASE_URL or "postgresql://app@127.0.0.1:1/app")}
if DATABASE_URL and not FIELD_ENCRYPTION_KEYS and not DEBUG:  # `verify_badge` needs no database, and no key
    raise WishError(
        "FIELD_ENCRYPTION_KEYS is not set, so no credentials and second factors could be stored. Make a key with "
        "`python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'`."
    )
LISTEN_DATABASE_URL = env("LISTEN_DATABASE_URL") or DATABASE_URL
NOT_SET = [name for name in ("DATABASE_URL", "REDIS_URL") if not (_services or env(name))]
REDIS_URL = env("REDIS_URL") or (_services.redis_url if _services else "redis://127.0.0.1:1/0")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "companies.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "matters:list"
LOGOUT_REDIRECT_URL = "account_login"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # no collectstatic step between a clone and a page
WHITENOISE_AUTOREFRESH = DEBUG

# HTTPS is the proxy's to end; behind one, DEBUG off and an https origin make the cookies secure.
_https = any(origin.startswith("https://") for origin in CSRF_TRUSTED_ORIGINS)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
# A message waits in the reader's own browser, and nowhere here: it may be a key that is shown once.
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
MESSAGE_TAGS = {ONCE: "once"}
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = ["^(healthz|readyz)$"]  # a load balancer asks over plain HTTP
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
# Staff are told of dead letters, open breakers and matters that do not move on; without a mail server the message is in
# the worker's log.
globals().update(Env.email_url_config(env("EMAIL_URL")))
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL")
EMAIL_TIMEOUT = 10  # seconds: a mail server that hangs holds up no worker
# Without a mail server nobody could be asked to confirm an address before the first sign-in: the link is in the log.
HAS_MAIL_SERVER = not str(globals()["EMAIL_BACKEND"]).endswith(".console.EmailBackend")

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_ADAPTER = "companies.account_adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "companies.forms.SignInForm",
    "signup": "companies.forms.SignUpForm",
    "add_email": "companies.forms.ChangeAddressForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if HAS_MAIL_SERVER else "optional"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True  # one address each; a new one takes the place of the old once it is confirmed
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if _https else "http"
MFA_ADAPTER = "companies.second_factors.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = "Matterstream"
MFA_FORMS = {
    "add_webauthn": "companies.forms.AddPasskeyForm",
    "login_webauthn": "companies.forms.PasskeySignInForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _https  # browsers have passkeys on https and on http://localhost
# docs/operating/nginx.conf replaces X-Forwarded-For by who connected; without https nobody is in front, or unknown.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if _https else 0
# Counts of sign-ins and of mails asked for.
CACHES = {"default": {"BACKEND": "companies.cache.PassingRedisCache", "LOCATION": REDIS_URL}}
# A question of 10,000 characters at 12 bytes each (\uXXXX\uXXXX) must fit a form.
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

OPENAI_BASE_URL, OPENAI_API_KEY = env("OPENAI_BASE_URL"), env("OPENAI_API_KEY")
LLM_MODEL = env("LLM_MODEL") or "gpt-5-mini"
LLM_ADVICE_MODEL = env("LLM_ADVICE_MODEL") or LLM_MODEL
# A model with a small context is given less of the playbooks: `make run LOCAL_LLM=…` sets it.
LLM_PLAYBOOK_CHARACTERS = env("LLM_PLAYBOOK_CHARACTERS")
LLM_FIRST_CONTENT_SECONDS = env("LLM_FIRST_CONTENT_SECONDS")
LLM_BETWEEN_CONTENTS_SECONDS = env("LLM_BETWEEN_CONTENTS_SECONDS")
LLM_CALL_SECONDS = env("LLM_CALL_SECONDS")
LLM_REQUESTS_PER_MINUTE, LLM_TOKENS_PER_MINUTE = env("LLM_REQUESTS_PER_MINUTE"), env("LLM_TOKENS_PER_MINUTE")
LLM_PRICES = read_prices(env("LLM_PRICES"))
LLM_CACHE_SECONDS = env("LLM_CACHE_SECONDS")

RIPPLING_BASE_URL, CARTA_BASE_URL = env("RIPPLING_BASE_URL"), env("CARTA_BASE_URL")
RIPPLING_AUTHORIZE_URL, RIPPLING_TOKEN_URL = env("RIPPLING_AUTHORIZE_URL"), env("RIPPLING_TOKEN_URL")
RIPPLING_CLIENT_ID, RIPPLING_CLIENT_SECRET = env("RIPPLING_CLIENT_ID"), env("RIPPLING_CLIENT_SECRET")
CARTA_AUTHORIZE_URL, CARTA_TOKEN_URL = env("CARTA_AUTHORIZE_URL"), env("CARTA_TOKEN_URL")
CARTA_CLIENT_ID, CARTA_CLIENT_SECRET = env("CARTA_CLIENT_ID"), env("CARTA_CLIENT_SECRET")

WORKER_THREADS = env("WORKER_THREADS")
STEP_LEASE_SECONDS, SWEEP_SECONDS = env("STEP_LEASE_SECONDS"), env("SWEEP_SECONDS")
API_RATE = env("API_RATE")
WEBHOOK_ALLOW_PRIVATE = env("WEBHOOK_ALLOW_PRIVATE")
OTEL_EXPORTER_OTLP_ENDPOINT = env("OTEL_EXPORTER_OTLP_ENDPOINT")
RETENTION_DAYS, STUCK_MINUTES = env("RETENTION_DAYS"), env("STUCK_MINUTES")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "config.logs.formatter", "debug": DEBUG}},
    "filters": {"without_words": {"()": "config.logs.WithoutWords"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "lines",
            "filters": [] if DEBUG else ["without_words"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "celery.beat": {"level": "WARNING"},  # else a line for each task that it sends, forty a minute
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},  # a step that is done has a line of ours, with its matter
        "daphne.cli": {"level": "WARNING"},  # where it listens, `daphne.server` says, too
        "flower.command": {"level": "WARNING"},  # else a line of every task by its name
        "django.request": {"level": "ERROR"},  # a refusal has its line by `config.middleware`, without the address
        "httpx2": {"level": "WARNING"},
        "httpcore2": {"level": "WARNING"},
        "openai": {"level": "WARNING"},
        "psycopg.pool": {"level": "WARNING"},  # else a line for each connection that is given back
    },
}

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a broker that is down for a day is waited for
# Short and without a second try, so that a hint to a broker that is away doesn't hold up the request that gives it; one
# that hangs does so for `socket_timeout`, which must be longer than a worker's wait for a message.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 0.5,
    "socket_timeout": 5,
    # A message only wakes, so a worker takes it for good: no copy in Redis until it is acknowledged, no second delivery
    # after a timeout. What dies with a worker is asked for again by the sweeper.
    "ack_emulation": False,
    "priority_steps": [0],  # the ledger knows whose turn it is
    "max_retries": 0,
}
CELERY_BROKER_POOL_LIMIT = 16  # connections are kept: a new one for each hint costs ten times the CPU
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "steps"
_PERIODS = {
    "sweep": SWEEP_SECONDS,
    "sweep_deliveries": SWEEP_SECONDS,
    "forget_replies": 600.0,
    "prune": 300.0,
    "watch": 60.0,
    "forget_processes": 600.0,
    "forget_breakers": 300.0,
    "watch_connections": 3600.0,
    "remind": 60.0,
    "prove_approvals": 60.0,
}
CELERY_TASK_ROUTES = {
    "draft_advice": {"queue": "advice"},
    "deliver_webhook": {"queue": "webhooks"},
    "send_notices": {"queue": "webhooks"},
} | {name: {"queue": "maintenance"} for name in _PERIODS}
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {name: {} for name in ("steps", "advice", "webhooks", "maintenance")}
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_WORKER_POOL = "threads"  # a fork would leave the chunk writer and the heartbeat behind
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = True  # Flower
CELERY_WORKER_CONSUMER = "workers.consumer:Consumer"
CELERY_TASK_SEND_SENT_EVENT = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    task: {"task": task, "schedule": seconds, "options": {"expires": seconds}} for task, seconds in _PERIODS.items()
}
