"""A form that asks for an API key: whom it is for, what it opens, how long and how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gopher_cli.model.access.api_keys import check_key_name, check_scopes
from gopher_cli.model.access.scopes import ROLES, SUBMIT
from gopher_cli.model.errors import Usage
from gopher_cli.model.text.duration import parse_duration
from gopher_cli.model.text.rate import parse_rate
from gopher_cli.web.dashboard.forms.form_body import Form
from gopher_cli.web.dashboard.forms.form_values import Faults
from gopher_cli.web.dashboard.views.template_filters import sentence


@dataclass(slots=True)
class KeyForm:
    """``lasts`` in seconds, 0 for ever; an empty ``rate`` is none. ``faults`` by the name of the input."""

    name: str = ""
    scopes: tuple[str, ...] = ()
    lasts: float = 0.0
    rate: str = ""
    faults: Faults = field(default_factory=dict)


def wanted_key(form: Form) -> KeyForm:
    key, faults = KeyForm(rate=form.one("rate")), Faults()

    def reading(name: str, read: Callable[[], object]) -> None:
        try:
            setattr(key, name, read())
        except (Usage, ValueError) as error:
            faults[name] = sentence(str(error))

    reading("name", lambda: check_key_name(form.one("name")))
    reading("scopes", lambda: _scopes(form))
    reading("lasts", lambda: _lasts(form.one("lasts")))
    if key.rate:
        reading("rate", lambda: parse_rate(form.one("rate")) and form.one("rate"))
    key.faults = faults
    return key


def role_of(scopes: tuple[str, ...]) -> str:
    """The role that has exactly these scopes; "" for none."""
    return next((role for role, its in ROLES.items() if its == set(scopes)), "")


def _scopes(form: Form) -> tuple[str, ...]:
    """A role, or those that are ticked. Queues narrow what may be submitted."""
    if role := form.one("role"):
        return check_scopes(role)
    queues = [queue.strip() for queue in form.one("queues").split(",") if queue.strip()]
    ticked = [scope for scope in form.all("scope") if scope != SUBMIT or not queues]
    if not ticked and not queues:
        raise Usage("choose at least one scope")
    return check_scopes(scopes=[*ticked, *(f"{SUBMIT}:{queue}" for queue in queues)])


def _lasts(text: str) -> float:
    if not text:
        return 0.0
    lasts = parse_duration(text)
    if not lasts:
        raise ValueError("a key that expires at once opens nothing")
    return lasts
