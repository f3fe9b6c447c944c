"""What holds for every list of the admin, whoever wrote its page."""

from functools import cached_property
from typing import Any, cast
from uuid import UUID

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.utils import get_fields_from_path
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet, UUIDField
from django.http import HttpRequest

COUNTED_UP_TO = 100_000  # rows; a table that has more is not read to the end for the number below its list


class EstimatingPaginator(Paginator[Any]):
    """Takes PostgreSQL's estimate for the number of a large table's rows, where a list shows them all."""

    @cached_property
    def count(self) -> int:
        """As of the table's last VACUUM or ANALYZE. The last pages may be empty, or the last rows not be paged to."""
        query = cast("QuerySet[Any]", self.object_list).query
        if not query.where:
            with connection.cursor() as cursor:
                table = connection.ops.quote_name(query.get_meta().db_table)
                cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [table])
                if (estimate := cursor.fetchone()[0]) > COUNTED_UP_TO:
                    return int(estimate)
        return super().count


class StaffList(admin.ModelAdmin[Any]):
    """In front of each registered admin class (`companies.staff_site`), so that none can go without."""

    show_full_result_count = False  # beside the number found: it would be counted for each page
    paginator = EstimatingPaginator

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

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """A whole id is looked up by its index, where Django would search all rows for one that it is a part of.

        That is done where no row has the id: words that look like one may be a provider's id of a request.
        """
        try:
            wanted = UUID(search_term.strip())
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        for name in self.get_search_fields(request):
            if isinstance(get_fields_from_path(self.model, name)[-1], UUIDField):
                found = queryset.filter(**{name: wanted})
                if found.exists():
                    return found, False
        return super().get_search_results(request, queryset, search_term)
