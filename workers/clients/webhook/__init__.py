"""The client of receivers of webhooks: one POST, to an address that was checked, within a time that holds."""

from workers.clients.webhook.client import Outcome, post

__all__ = ["Outcome", "post"]
