"""The REST API: mounts each app's router. Whatever happens under it is answered as a problem document."""

from typing import Any

from django.urls import URLPattern, URLResolver, re_path
from django.views.decorators.http import require_safe
from ninja import NinjaAPI, Swagger
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from advice.api import router as advice_router
from advice.api import streams
from advice.batch_api import router as batches_router
from advice.export.api import router as export_router
from advice.review.api import router as review_router
from advice.sharing.api import router as share_router
from companies.api_auth import Authentication
from config.api_errors import add_error_handlers, as_problems, nothing_here
from config.bodies import SafeParser
from documents.api import router as documents_router
from matters.api import router as matters_router
from matters.facts.api import router as facts_router
from matters.webhooks.api import router as webhooks_router
from workers.connections.api import router as connections_router
from workers.dead_letters import router as dead_letters_router

_SECURITY = {
    "ApiKey": {"type": "http", "scheme": "bearer", "description": "Looked at first"},
    "Session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "The pages' own; calls that change something need the header X-CSRFToken",
    },
}

_TAKE_FILES = frozenset({"matters/<id:matter_id>/documents"})


class Api(NinjaAPI):
    """django-ninja's API, with an answer of ours for addresses and methods that it does not have."""

    def _get_urls(self) -> list[URLResolver | URLPattern]:
        urls = super()._get_urls()
        for url in urls:
            assert isinstance(url, URLPattern)
            url.callback = as_problems(url.callback, takes_file=str(url.pattern) in _TAKE_FILES)
        return [*urls, re_path("", nothing_here)]

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """A short name, for clients that are made from the description."""
        return operation.view_func.__name__

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """The description, in which errors have their own media type and a session may stand for a key."""
        schema = super().get_openapi_schema(**options)
        schema["components"]["securitySchemes"] = _SECURITY
        for operation in (operation for path in schema["paths"].values() for operation in path.values()):
            operation["security"] = [{name: []} for name in _SECURITY]
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    response["content"] = {"application/problem+json": response["content"]["application/json"]}
        return schema


api = Api(
    title="Matterstream",
    version="1",
    description="Legal questions from startup founders: submit a matter, answer its questions, read the advice as it "
    "is written. `docs/contract.md` says what each field means.",
    auth=Authentication(),
    parser=SafeParser(),
    # Without a validator's badge, which would be an image from another host.
    docs=Swagger(settings={"validatorUrl": None}),
    docs_url="/docs",
    docs_decorator=require_safe,
    openapi_url="/openapi.json",
    urls_namespace="api",
)
add_error_handlers(api)
api.add_router("", matters_router)
api.add_router("", advice_router)
api.add_router("", export_router)
api.add_router("", review_router)
api.add_router("", share_router)
api.add_router("", streams)
api.add_router("", documents_router)
api.add_router("", facts_router)
api.add_router("", batches_router)
api.add_router("", webhooks_router)
api.add_router("", dead_letters_router)
api.add_router("", connections_router)
