"""What is said of connections: what is read of each provider, what never leaves it, and who may change them."""

from dataclasses import dataclass

from companies.connections import Provider

ONLY_OWNERS = "Only an owner of the company can change its connections."


@dataclass(frozen=True)
class About:
    """`how`: where the credentials come from."""

    what: str
    read: tuple[str, ...]
    never: str
    how: str


ABOUT: dict[str, About] = {
    Provider.RIPPLING: About(
        what="People: who works for the company, since when, where and how.",
        read=(
            "name, work e-mail address, title and status of everybody in Rippling, with their first and last day",
            "place of work: state and country; legal entity; kind of employment; exempt from overtime or not",
            "salary, bonuses, relocation pay and leave balances, where your plan of Rippling has them",
        ),
        never=(
            "Birth dates (only whether somebody is 40 or older), social security numbers, race, ethnicity, gender, "
            "home addresses (only the state), managers, departments and why somebody left are dropped before anything "
            "is stored, and no language model sees them. Nothing is ever changed in Rippling."
        ),
        how=(
            "In Rippling, an administrator creates an API token with the permissions to read workers, compensation, "
            "employment types and leave. Rippling ends a token that nobody uses for 30 days."
        ),
    ),
    Provider.CARTA: About(
        what="Equity: who holds what, and how far it has vested.",
        read=(
            "the names of the companies that the credentials may read, of which you choose yours",
            "name, e-mail address and employee id of stakeholders, and what they are to the company",
            "option grants, restricted stock awards and units: plan, dates, numbers, prices, vesting, exercise periods",
            "fair market values of the common shares",
        ),
        never=(
            "Certificates, convertible notes, share classes and the cap table are never asked for. Tax ids, birth "
            "dates and addresses are dropped before anything is stored. Nothing is ever changed in Carta."
        ),
        how=(
            "In Carta, an administrator creates an API application with the permissions to read the company, its "
            "stakeholders, securities and valuations; it has a client id and a client secret."
        ),
    ),
}
