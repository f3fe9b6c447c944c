"""What calls to Rippling and Carta share: one bounded GET, its errors, its records, tokens, and values read with care.

It knows no provider: what is particular to one is in its `Provider`, and in its client below `workers/clients`.
"""

from workers.provider_http.errors import Code, Provider, ProviderError
from workers.provider_http.oauth import OAuthClient, Tokens, exchange_code, refresh_tokens
from workers.provider_http.records import Listing, Record
from workers.provider_http.reporting import ProviderCallRecord, Recorder
from workers.provider_http.tokens import FixedToken, TokenSource
from workers.provider_http.values import Choice, Money

__all__ = [
    "Choice",
    "Code",
    "FixedToken",
    "Listing",
    "Money",
    "OAuthClient",
    "Provider",
    "ProviderCallRecord",
    "ProviderError",
    "Record",
    "Recorder",
    "TokenSource",
    "Tokens",
    "exchange_code",
    "refresh_tokens",
]
