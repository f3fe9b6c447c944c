"""`manage.py rotate_field_keys`: after a new key was put in front of `FIELD_ENCRYPTION_KEYS`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from companies.encryption import EncryptedJSONField, NoKeyFits, check_keys, encrypted_fields
from companies.second_factors import seal_anew


class Command(BaseCommand):
    """Seals every stored secret with the newest key, row by row, and prints how many there were. Raises KeyProblem.

    It may run beside everything else, and again. Where a row can't be opened the others are still done.
    """

    help = "Encrypt every stored secret with the first of FIELD_ENCRYPTION_KEYS, so that the others can be removed."

    def handle(self, *args: Any, **options: Any) -> None:
        check_keys()
        closed = 0
        for model, field in encrypted_fields():
            outcomes = [_seal_anew(model, field, pk) for pk in _rows(model, field)]
            closed += outcomes.count(False)
            name = f"{model._meta.label}.{field.name}"  # noqa: SLF001 # Django documents it
            self.stdout.write(f"{name}: {outcomes.count(True)} re-encrypted, {outcomes.count(False)} not opened")
        factors = seal_anew()
        closed += factors.count(False)
        self.stdout.write(f"second factors: {factors.count(True)} re-encrypted, {factors.count(False)} not opened")
        if closed:
            raise CommandError(
                f"{closed} values can be opened by none of FIELD_ENCRYPTION_KEYS. Put the key that they were sealed "
                "with behind the others and run this again, or have these connections and second factors made anew."
            )


def _rows(model: type[models.Model], field: EncryptedJSONField) -> list[Any]:
    filled = model._default_manager.filter(**{f"{field.name}__isnull": False})  # noqa: SLF001 # Django documents it
    return list(filled.values_list("pk", flat=True))


@transaction.atomic
def _seal_anew(model: type[models.Model], field: EncryptedJSONField, pk: Any) -> bool | None:
    """True: done; False: no key opens it; None: the row or its secret is gone."""
    rows = model._default_manager.filter(pk=pk)  # noqa: SLF001
    sealed = rows.select_for_update().values_list(field.attname, flat=True).first()
    if sealed is None:
        return None
    try:
        rows.update(**{field.attname: sealed.sealed_anew()})
    except NoKeyFits:
        return False
    return True
