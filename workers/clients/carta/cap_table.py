"""The capitalization tables: summaries over all holders, and by holder."""

from workers.clients.carta.records import CartaRecord
from workers.provider_http.values import Amount, Day, Identifier, Number, Text


class ShareSummary(CartaRecord):
    """Counts of shares; `fully_diluted_shares` as if all options and warrants were exercised."""

    fully_diluted_shares: Number = None
    outstanding_shares: Number = None
    cash_raised: Amount = None


class ShareClassSummary(ShareSummary):
    """Of one class."""

    share_class_id: Text = None


class OptionPoolSummary(CartaRecord):
    """Of one equity plan."""

    option_pool_id: Text = None
    share_class_id: Text = None
    name: Text = None
    authorized_shares: Number = None
    fully_diluted_shares: Number = None
    outstanding_equity_award_derivatives: Number = None


class NoteBlockSummary(CartaRecord):
    """Of the convertibles of one round."""

    note_block_id: Text = None
    cash_raised: Amount = None
    principal: Amount = None
    interest: Amount = None


class CapitalizationTable(CartaRecord):
    """Who could own how much, by class; `as_of_date` is the day it shows."""

    issuer_id: Identifier
    as_of_date: Day = None
    summary: ShareSummary | None = None
    share_class_summaries: tuple[ShareClassSummary, ...] = ()
    option_pool_summaries: tuple[OptionPoolSummary, ...] = ()
    note_block_summaries: tuple[NoteBlockSummary, ...] = ()


class StakeholderHolding(CartaRecord):
    """What one stakeholder holds."""

    stakeholder_id: Text = None
    stakeholder_name: Text = None
    summary: ShareSummary | None = None


class StakeholderGroup(CartaRecord):
    """Stakeholders that belong together, such as the funds of one investor."""

    stakeholder_group_id: Text = None
    stakeholder_group_name: Text = None
    stakeholders: tuple[StakeholderHolding, ...] = ()


class StakeholderCapitalizationTable(CartaRecord):
    """Who holds how much."""

    issuer_id: Identifier
    as_of_date: Day = None
    stakeholder_groups: tuple[StakeholderGroup, ...] = ()
