"""What holds for every list of the admin, whoever wrote its page."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.http import HttpRequest


class StaffList(admin.ModelAdmin[Any]):
    """In front of each registered admin class (`companies.staff_site`), so that none can go without."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Whether an address may narrow the list by `lookup`: by what the list offers and by the key alone.

        Django allows it by any column of the model. Then who guesses what a column that they do not see begins with
        learns from each list whether they are right, and nothing notes it: so it is refused, with 400, to everybody.
        """
        columns = [self.opts.pk.name, self.date_hierarchy]
        for item in self.get_list_filter(request):
            if isinstance(item, type) and issubclass(item, SimpleListFilter):
                if lookup == item.parameter_name:
                    return True
            else:
                columns.append(str(item[0] if isinstance(item, tuple) else item))
        offered = any(lookup == column or lookup.startswith(f"{column}__") for column in columns)
        return offered and super().lookup_allowed(lookup, value, request)  # which lets none go on into related rows
