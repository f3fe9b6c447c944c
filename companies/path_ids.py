"""Ids in the addresses that programs use: some languages write them in capitals, which RFC 9562 (4) has be the same."""

from django.urls.converters import UUIDConverter


class IdConverter(UUIDConverter):
    """`<id:…>`: a UUID in small letters or capitals."""

    regex = f"(?i:{UUIDConverter.regex})"
