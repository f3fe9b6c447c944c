"""A trigger for rows of which there are many: it costs no more than what it does.

Those of django-pgtrigger ask first whether the session wants them ignored. In a session that never wanted that, the
question raises an error inside PostgreSQL, which is caught: for every row, a seventh of what a chunk costs
(docs/adr/0002-chunks.md). Nothing here ever has a trigger ignored.
"""

import pgtrigger
from django.db.models import Model
from pgtrigger import compiler

_ASKING = """
                    IF ({ignore_func_name}(TG_NAME) IS TRUE) THEN
                        IF (TG_OP = 'DELETE') THEN
                            RETURN OLD;
                        ELSE
                            RETURN NEW;
                        END IF;
                    END IF;"""


class SteadyTriggerSql(compiler.UpsertTriggerSql):
    """What installs a trigger. Migrations refer to it, so what it gives for the same arguments must stay."""

    def get_template(self) -> str:
        """django-pgtrigger's, without the question. Raises ValueError where that is not in it any more."""
        template = str(super().get_template())
        if _ASKING not in template:
            raise ValueError("django-pgtrigger's template has changed: look how it asks whether to ignore a trigger")
        return template.replace(_ASKING, "")


class SteadyTrigger(pgtrigger.Trigger):
    """A `pgtrigger.Trigger` that no session can have ignored."""

    def compile(self, model: Model) -> compiler.Trigger:
        """What a migration installs."""
        compiled = super().compile(model)
        return compiler.Trigger(name=compiled.name, sql=SteadyTriggerSql(**compiled.sql.kwargs))
