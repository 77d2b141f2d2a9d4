"""The payload of a form: the fields that its type asks for, and what the type's schema says against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request

from gopher_cli.model.errors import BadData, Usage
from gopher_cli.verbs.submit import new_job
from gopher_cli.web.dashboard.forms.form_body import Form
from gopher_cli.web.dashboard.forms.form_fields import Field, fields_of, other_kinds
from gopher_cli.web.dashboard.forms.form_values import WHOLE, Faults, field_at
from gopher_cli.web.dashboard.views.queries import types_of
from gopher_cli.web.server.problems import Problem, soon
from gopher_cli.web.services.services import gopher_of, services_of

_KINDS = {"string": "a text", "array": "a list", "null": "nothing"}


async def fields_for(request: Request, type: str) -> list[Field]:
    return fields_of(schema_in(await soon(types_of(gopher_of(request))), type))


def schema_in(schemas: Mapping[str, Any], type: str) -> Mapping[str, Any]:
    """What a worker has published, if that is a schema at all."""
    schema = schemas.get(type)
    return schema if isinstance(schema, Mapping) else {}


def also_taken(schema: Mapping[str, Any]) -> list[str]:
    """What a payload may be beside the object that the form is for, in words."""
    return [_KINDS.get(kind, kind) for kind in other_kinds(schema)]


async def misfits(
    request: Request, type: str, payload: Any, fields: Sequence[Field], form: Form, id: str = ""
) -> Faults:
    """What the schema says against it. Raises Unavailable."""
    try:
        job = new_job(gopher_of(request).defaults, type, payload, id=id or None)
        await soon(services_of(request).type_schemas.check(job))
    except Problem as problem:
        return _by_field(problem, fields, form)
    except (Usage, BadData) as error:
        return {"": str(error)}
    return {}


def _by_field(problem: Problem, fields: Sequence[Field], form: Form) -> Faults:
    """Each fault under the name of the input that it is about."""
    faults: Faults = {}
    for fault in problem.more.get("errors", ()):
        path = fault["pointer"].removeprefix("#/payload").split("/")[1:]
        names = [part.replace("~1", "/").replace("~0", "~") for part in path]
        field = None if form.one(WHOLE) else field_at(fields, names)
        name = field.name if field else WHOLE
        faults[name] = "; ".join(filter(None, (faults.get(name), fault["detail"])))
    return faults or {"": problem.detail}
