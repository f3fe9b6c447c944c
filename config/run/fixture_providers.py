"""The bundled fixture servers of Rippling and Carta, as variables: where they are, and whom they let in."""

import secrets

from config.embedded.ports import LOOPBACK, choose_port

DEMO_ISSUER = "4021"  # the company of demo/providers/data/equity.yaml; a test compares


class FixtureProviders:
    """One start of them, on free ports and with new credentials.

    `addresses` is for every process: both APIs, and our registration with both for OAuth. `credentials` is for the
    fixture servers and for the step that connects the demo company.
    """

    def __init__(self) -> None:
        self.rippling_port = choose_port()
        self.carta_port = choose_port(self.rippling_port + 1)  # for sure another one
        rippling, carta = f"http://{LOOPBACK}:{self.rippling_port}", f"http://{LOOPBACK}:{self.carta_port}"
        client_id, client_secret = "demo-carta-client", secrets.token_urlsafe(24)
        self.addresses = {
            "RIPPLING_BASE_URL": rippling,
            "RIPPLING_AUTHORIZE_URL": f"{rippling}/o/authorize",
            "RIPPLING_TOKEN_URL": f"{rippling}/o/token",
            "RIPPLING_CLIENT_ID": "demo-rippling-client",
            "RIPPLING_CLIENT_SECRET": secrets.token_urlsafe(24),
            "CARTA_BASE_URL": carta,
            "CARTA_AUTHORIZE_URL": f"{carta}/o/authorize/",
            "CARTA_TOKEN_URL": f"{carta}/o/access_token/",
            "CARTA_CLIENT_ID": client_id,
            "CARTA_CLIENT_SECRET": client_secret,
        }
        self.credentials = {
            "DEMO_RIPPLING_TOKEN": secrets.token_urlsafe(24),
            "DEMO_CARTA_CLIENT_ID": client_id,
            "DEMO_CARTA_CLIENT_SECRET": client_secret,
            "DEMO_CARTA_ISSUER": DEMO_ISSUER,
        }
