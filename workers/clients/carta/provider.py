"""What is particular to Carta, in words: its reasons for a 403, and what helps."""

from workers.provider_http.errors import Code, Provider

CARTA = Provider(
    "carta",
    "Carta",
    reasons=("INSUFFICIENT_SCOPE", "MISSING_INTERNAL_PERMISSION"),
    sentences={
        Code.UNAUTHORIZED: "Carta no longer accepts our access. A legal administrator of your company on Carta "
        "can connect Carta again.",
        "INSUFFICIENT_SCOPE": "Carta was connected without the permission to read this. Connect Carta again and allow "
        "all that is asked for; until then such questions come to you.",
        "MISSING_INTERNAL_PERMISSION": "Whoever connected Carta may not see this there. Have a legal administrator of "
        "your company on Carta connect it, or give that person the role; until then such questions come to you.",
        "no_scope": "Carta gave us an access that permits nothing. Connect Carta again and allow what is asked for; if "
        "it stays so, Carta must permit our application to read your company.",
    },
    upper_case_grants=True,
)
SCOPES = ("read_issuer_info", "read_issuer_stakeholders", "read_issuer_securities", "read_issuer_valuations")
