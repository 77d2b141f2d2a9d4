"""Where settings come from, which of them wins, and what is said of wrong ones."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from place import Place, here, origin

from gopher_cli.config import Settings
from gopher_cli.config.example import example_env
from gopher_cli.config.given import Given
from gopher_cli.config.setting_list import names, read, rows, shown
from gopher_cli.model.errors import BadConfig, Usage
from gopher_cli.store.url import parse_url

ROOT = Path(__file__).parent.parent
__all__ = ["here"]


def test_flag_over_environment_over_dotenv_over_profile_over_file_over_user_file_over_default(
    here: Place,
) -> None:
    seen = []

    def look(environ: dict[str, str] | None = None, **flags: Any) -> None:
        settings = here.settings(environ, **flags)
        seen.append((settings.max_retries, origin(settings, "max_retries")))

    look()
    here.file("../user/.config/gopher/config.toml", "max_retries = 11")
    look()
    here.file("gopher.toml", "max_retries = 12\n[profiles.prod]\nmax_retries = 13")
    look()
    look(profile="prod")
    here.file(".env", "MAX_RETRIES=14\nGOPHER_PROFILE=prod")
    look()
    look({"WORKER_MAX_RETRIES": "15"})
    look({"WORKER_MAX_RETRIES": "15", "GOPHER_MAX_RETRIES": "16"})
    look({"WORKER_MAX_RETRIES": "15"}, max_retries=17)

    user = str(here.user / ".config/gopher/config.toml")
    assert seen == [
        (3, "default"),
        (11, user),
        (12, "gopher.toml"),
        (13, "gopher.toml [prod]"),
        (14, ".env MAX_RETRIES"),
        (15, "env WORKER_MAX_RETRIES"),
        (16, "env GOPHER_MAX_RETRIES"),
        (17, "flag"),
    ]


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("REDIS_URL", "redis://h:1/2", "redis_url", "redis://h:1/2"),
        ("REDIS_ADDR", "h:7000", "redis_url", "h:7000"),
        ("REDIS_PASSWORD", "x", "redis_password", "x"),
        ("REDIS_DB", "2", "redis_db", 2),
        ("REDIS_TIMEOUT", "5s", "redis_timeout", 5.0),
        ("SERVER_HOST", "0.0.0.0", "server_host", "0.0.0.0"),
        ("SERVER_PORT", "8081", "server_port", 8081),
        ("API_PORT", "8082", "server_port", 8082),
        ("SERVER_READ_TIMEOUT", "10s", "server_read_timeout", 10.0),
        ("SERVER_WRITE_TIMEOUT", "1m30s", "server_write_timeout", 90.0),
        ("API_KEY", "k", "api_key", "k"),
        ("WORKER_CONCURRENCY", "8", "worker_concurrency", 8),
        ("WORKER_PROCESSES", "2", "worker_processes", 2),
        ("WORKER_QUEUES", "mail:3,default:1", "worker_queues", "mail:3,default:1"),
        ("WORKER_POLL_INTERVAL", "500ms", "worker_poll_interval", 0.5),
        ("WORKER_MAX_RETRIES", "4", "max_retries", 4),
        ("MAX_RETRIES", "5", "max_retries", 5),
        ("WORKER_SHUTDOWN_TIMEOUT", "30s", "worker_shutdown_timeout", 30.0),
        ("WORKER_PRIORITY_RATIO", "strict", "worker_priority_ratio", "strict"),
        ("QUEUE_NAME", "mail", "queue", "mail"),
        ("DLQ_NAME", "dead letters", "dlq_name", "dead letters"),
        ("LOG_LEVEL", "WARN", "log_level", "warning"),
        ("LOG_FORMAT", "json", "log_format", "json"),
        ("APP_ENV", "production", "app_env", "production"),
        ("SMTP_URL", "smtp://u:p@h:587", "smtp_url", "smtp://u:p@h:587"),
        ("MAIL_FROM", "a@b.example", "mail_from", "a@b.example"),
        ("GOPHER_LEASE", "30s", "lease", 30.0),
        ("GOPHER_HOME", "/srv/gopher", "home", Path("/srv/gopher")),
        ("GOPHER_EXEC", "a=./a.sh\nb=./b.sh x=1", "exec", (("a", "./a.sh"), ("b", "./b.sh x=1"))),
    ],
)
def test_a_variable_that_people_know_sets_its_field(
    here: Place, variable: str, text: str, field: str, value: object
) -> None:
    assert getattr(here.settings({variable: text}), field) == value


def test_every_setting_answers_to_its_gopher_name() -> None:
    assert all(name.variables[0] == f"GOPHER_{name.field.upper()}" for name in names())
    assert len({v for name in names() for v in name.variables}) == sum(
        len(name.variables) for name in names()
    )


def test_an_empty_value_counts_as_not_set(here: Place) -> None:
    here.file(".env", "REDIS_DB=\nLOG_LEVEL=''")
    settings = here.settings({"REDIS_URL": "", "SERVER_PORT": " "}, queue="", log_format=None)

    assert settings == here.settings()
    assert settings.origins == {}


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"SERVER_PORT": "80a"}, "SERVER_PORT has a wrong value '80a': it takes a whole number"),
        ({"API_PORT": "65536"}, "API_PORT has a wrong value '65536'"),
        ({"REDIS_DB": "-1"}, "REDIS_DB has a wrong value '-1'"),
        ({"WORKER_CONCURRENCY": "0"}, "from 1 to 10000"),
        ({"REDIS_TIMEOUT": "5 parsecs"}, "a duration such as 10s"),
        ({"GOPHER_LEASE": "10ms"}, "1s or more"),
        ({"GOPHER_BACKOFF": "sometimes"}, "exp:5s"),
        ({"LOG_LEVEL": "loud"}, "one of debug, info, warning, error"),
        ({"LOG_FORMAT": "xml"}, "one of console, json"),
        ({"WORKER_PRIORITY_RATIO": "3:2"}, "such as 3:2:1"),
        ({"WORKER_QUEUES": "mail:x"}, "such as mail:3"),
        ({"QUEUE_NAME": "a b"}, "the name of a queue"),
        ({"GOPHER_APP": "shop.jobs:"}, "module:object"),
        ({"GOPHER_EXEC": "resize"}, "type=command"),
        ({"SMTP_URL": "mail.example"}, "a mail server"),
        ({"MAIL_FROM": "nobody"}, "an e-mail address"),
        ({"MAIL_FROM": "a@b\r\nBcc: c@d"}, "an e-mail address"),
        ({"REDIS_URL": "redsi://h"}, "REDIS_URL: 'redsi://h' is not a Redis address"),
        ({"REDIS_ADDR": "nowhere"}, "REDIS_ADDR: 'nowhere' is not a Redis address"),
        ({"REDIS_URL": "redis+cluster://h", "REDIS_DB": "3"}, "a cluster has database 0 only"),
        ({"GOPHER_HEARTBEAT": "10s"}, "too slow for a lease of 15s"),
        ({"GOPHER_PROFILE": "prod"}, "there is no profile 'prod'"),
        ({"GOPHER_CONFIG": "/nowhere.toml"}, "does not exist"),
        ({"REDIS_PASSWORD_FILE": "/nowhere"}, "REDIS_PASSWORD_FILE names /nowhere"),
    ],
)
def test_a_wrong_value_is_named_as_the_user_set_it(here: Place, environ: dict[str, str], said: str) -> None:
    error = here.refused(environ)

    assert isinstance(error, BadConfig)
    assert said in str(error)
    assert "pydantic" not in str(error) and "Traceback" not in str(error)


def test_a_wrong_flag_is_a_usage_error_with_the_name_of_the_flag(here: Place) -> None:
    error = here.refused(worker_concurrency="many")

    assert isinstance(error, Usage)
    assert "--concurrency has a wrong value 'many'" in str(error)


def test_secrets_appear_nowhere(here: Place) -> None:
    environ = {
        "REDIS_URL": "redis://me:hunter2@h", "REDIS_PASSWORD": "hunter2", "API_KEY": "hunter2",
        "SMTP_URL": "smtp://me:hunter2@mail:25",
    }  # fmt: skip
    settings = here.settings(environ)
    wrong = here.refused({**environ, "SMTP_URL": "smtp:me:hunter2@mail"})

    printed = f"{settings!r} {settings.describe()} {settings.masked_url()} {wrong} {wrong.hint}"
    assert "hunter2" not in printed
    assert settings.masked_url() == "redis://me:***@h:6379"


def test_password_and_database_join_the_url(here: Place) -> None:
    environ = {"REDIS_ADDR": "h:7000", "REDIS_PASSWORD": "p", "REDIS_DB": "2"}

    assert here.settings(environ).address() == parse_url("redis://:p@h:7000/2")


def test_without_a_url_there_is_no_address_and_the_embedded_server_is_named(here: Place) -> None:
    settings = here.settings({"REDIS_PASSWORD": "p", "REDIS_DB": "1"})

    assert settings.address() is None
    assert settings.masked_url() == "embedded://default"


def test_home_follows_xdg_and_the_outbox_follows_home(here: Place) -> None:
    plain = here.settings()
    moved = here.settings({"XDG_DATA_HOME": "/data"})
    relative = here.settings({"XDG_DATA_HOME": "data", "GOPHER_OUTBOX": "/mails"})

    assert plain.home == here.user / ".local/share/gopher"
    assert plain.outbox == plain.home / "outbox"
    assert (moved.home, moved.outbox) == (Path("/data/gopher"), Path("/data/gopher/outbox"))
    assert (relative.home, relative.outbox) == (plain.home, Path("/mails"))


def test_every_default_reads_back_as_itself() -> None:
    for row, name in zip(rows(), names(), strict=True):
        text = shown(row, row.default)
        if text and row.name not in ("home", "outbox"):  # the ~ of one belongs to the reader
            assert read(row, Given(name.flag, text, "flag")) == row.default


def test_every_setting_says_what_it_is_for() -> None:
    described = Settings().describe()

    assert [line.name for line in described] == [name.field for name in names()]
    assert all(len(line.about.split()) >= 2 for line in described)


def test_the_example_file_is_current_and_complete() -> None:
    text = (ROOT / "config.example.env").read_text()

    assert text == example_env(), "write it anew: gopher_cli.config.example.example_env()"
    assert all(variable in text for name in names() for variable in name.variables)


def test_the_example_file_taken_at_its_word_changes_nothing(here: Place) -> None:
    lines = [line[1:] for line in example_env().splitlines() if line.startswith("#") and line[1] != " "]
    here.file(".env", "\n".join(lines))

    # The outbox is below home unless it is given, and a given path is taken from where one stands.
    taken = here.settings({"GOPHER_HOME": str(here.settings().home), "GOPHER_OUTBOX": "/outbox"})

    assert len(taken.origins) > 20
    assert taken == here.settings({"GOPHER_OUTBOX": "/outbox"}, home=taken.home)
    assert replace(taken, outbox=Path("outbox")) == Settings(home=taken.home)


def test_an_unknown_flag_is_a_mistake_of_the_program(here: Place) -> None:
    with pytest.raises(TypeError, match="concurency"):
        here.settings(concurency=3)


def test_the_pydantic_model_has_the_same_settings(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from gopher_cli.config.settings_model import GopherSettings

    monkeypatch.chdir(here.cwd)
    monkeypatch.setenv("WORKER_CONCURRENCY", "9")
    here.file(".env", "GOPHER_EXEC=a=b\n")
    expected = Settings.resolve(os.environ)

    found: Any = GopherSettings(queue="mail", lease="20s")

    assert (found.queue, found.lease, found.worker_concurrency) == ("mail", 20.0, 9)
    assert GopherSettings().model_dump() == {n.field: getattr(expected, n.field) for n in names()}


def test_settings_load_neither_pydantic_nor_redis() -> None:
    code = "import gopher_cli.config, sys; print({'pydantic', 'redis', 'tomllib'} & {*sys.modules})"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"
