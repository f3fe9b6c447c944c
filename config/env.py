"""The environment: every variable the product reads, its type and its default, in one place.

`docs/contract.md` names them for people, `.env.example` has a line for each; a test compares the three.
"""

from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env(
    DATABASE_URL=(str, ""),
    LISTEN_DATABASE_URL=(str, ""),
    REDIS_URL=(str, ""),
    OPENAI_API_KEY=(str, ""),
    OPENAI_BASE_URL=(str, ""),
    LLM_MODEL=(str, ""),
    LLM_ADVICE_MODEL=(str, ""),
    LLM_PLAYBOOK_CHARACTERS=(int, 80_000),
    LLM_FIRST_CONTENT_SECONDS=(float, 30.0),
    LLM_BETWEEN_CONTENTS_SECONDS=(float, 20.0),
    LLM_CALL_SECONDS=(float, 300.0),
    LLM_REQUESTS_PER_MINUTE=(int, 0),
    LLM_TOKENS_PER_MINUTE=(int, 0),
    LLM_PRICES=(str, ""),
    LLM_CACHE_SECONDS=(int, 86_400),
    RIPPLING_BASE_URL=(str, "https://rest.ripplingapis.com"),
    CARTA_BASE_URL=(str, "https://api.carta.com"),
    CARTA_TOKEN_URL=(str, "https://login.app.carta.com/o/access_token/"),
    CARTA_AUTHORIZE_URL=(str, "https://login.app.carta.com/o/authorize/"),
    CARTA_CLIENT_ID=(str, ""),
    CARTA_CLIENT_SECRET=(str, ""),
    RIPPLING_AUTHORIZE_URL=(str, "https://app.rippling.com/o/authorize"),
    RIPPLING_TOKEN_URL=(str, "https://app.rippling.com/o/token"),
    RIPPLING_CLIENT_ID=(str, ""),
    RIPPLING_CLIENT_SECRET=(str, ""),
    SECRET_KEY=(str, ""),
    FIELD_ENCRYPTION_KEYS=(list, []),
    REVIEW_SIGNING_KEY=(list, []),
    STAFF_MFA_REQUIRED=(bool, False),
    DEBUG=(bool, False),
    ALLOWED_HOSTS=(list, []),
    CSRF_TRUSTED_ORIGINS=(list, []),
    EMAIL_URL=(str, "consolemail://"),
    DEFAULT_FROM_EMAIL=(str, "matterstream@localhost"),
    HOST=(str, "127.0.0.1"),
    PORT=(int, 8000),
    FLOWER_PORT=(int, 5555),
    FLOWER_PASSWORD=(str, ""),
    DATA_DIR=(str, ""),
    WORKER_PROCESSES=(int, 0),
    WORKER_THREADS=(int, 100),
    STEP_LEASE_SECONDS=(float, 60.0),
    SWEEP_SECONDS=(float, 10.0),
    API_RATE=(int, 1200),
    RETENTION_DAYS=(int, 90),
    STUCK_MINUTES=(float, 15.0),
    WEBHOOK_ALLOW_PRIVATE=(bool, False),
    DEMO_PROVIDERS=(bool, False),
    LOCAL_LLM=(str, ""),
    OTEL_EXPORTER_OTLP_ENDPOINT=(str, ""),
)
if (BASE_DIR / ".env").exists():
    env.read_env(BASE_DIR / ".env")
