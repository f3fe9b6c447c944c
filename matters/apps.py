from django.apps import AppConfig


class MattersConfig(AppConfig):
    """Intake and state: a matter, its ledger of steps, its questions, facts and events."""

    name = "matters"

    def ready(self) -> None:
        """Hear of people who leave a company."""
        from companies.members import membership_ended
        from matters.questions.assigning import take_back_from

        membership_ended.connect(take_back_from)
