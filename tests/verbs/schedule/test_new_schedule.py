"""What a schedule has whose author leaves it out; and names that several queues have."""

from __future__ import annotations

import pytest

from gopher_cli.gopher import Gopher
from gopher_cli.model.errors import Ambiguous
from gopher_cli.model.job.defaults import Defaults

pytestmark = pytest.mark.anyio


def test_a_cron_expression_without_a_zone_means_that_of_the_settings() -> None:
    gopher = Gopher(defaults=Defaults(timezone="Europe/Berlin"))

    assert gopher.make_schedule("a", "x", cron="0 3 * * *").when.tz == "Europe/Berlin"
    assert gopher.make_schedule("a", "x", cron="0 3 * * *", tz="Asia/Tokyo").when.tz == "Asia/Tokyo"
    assert gopher.make_schedule("a", "x", every=60).when.tz == ""


def test_without_a_name_it_has_that_of_its_work_and_times() -> None:
    one, same, other = (Gopher().make_schedule(None, "x", every=every) for every in (60, 60, 61))

    assert one.name == same.name != other.name and one.name.startswith("x-")


async def test_a_name_of_several_queues_is_not_enough(gopher: Gopher) -> None:
    for queue in ("mail", "shop"):
        await gopher.set_schedule("nightly", "x", queue=queue, every=3600)

    with pytest.raises(Ambiguous, match="mail, shop") as refused:
        await gopher.schedule_row("nightly")
    assert refused.value.queues == ["mail", "shop"] and "-Q mail" in refused.value.hint
    assert (await gopher.schedule_row("nightly", "shop")).queue == "shop"
