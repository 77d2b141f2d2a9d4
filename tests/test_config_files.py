"""Files of settings: TOML, and .env as a shell would read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from place import Place, here, origin

ROOT = Path(__file__).parent.parent
__all__ = ["here"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("max_retries = ", "gopher.toml is no TOML"),
        ("max_retires = 3", "unknown setting 'max_retires'"),
        ("max_retries = 'x'", "max_retries in gopher.toml has a wrong value 'x'"),
        ("profiles = 3", "profiles must be tables"),
        ("profile = 'prod'", "there is no profile 'prod'"),
        ("[profiles.a]\nredis-db = true\n", "redis_db in gopher.toml [a] has a wrong value 'true'"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong_in_it(here: Place, text: str, said: str) -> None:
    here.file("gopher.toml", text)

    error = here.refused(profile="a" if "profiles.a" in text else None)

    assert said in str(error)


def test_an_unknown_key_in_a_file_gets_a_suggestion(here: Place) -> None:
    here.file("gopher.toml", "max_retires = 3")

    assert here.refused().hint == "did you mean max_retries?"


def test_tables_dashes_and_lists_of_toml_are_understood(here: Place) -> None:
    text = '[worker]\nconcurrency = 7\nqueues = ["mail:3", "x"]\n[redis]\nurl = "h:1"\n'
    here.file("gopher.toml", text + '[exec]\nresize = "./resize.sh -q"\n[server]\nread-timeout="2s"')

    settings = here.settings()

    assert settings.worker_concurrency == 7
    assert settings.worker_queues == "mail:3,x"
    assert settings.redis_url == "h:1"
    assert settings.exec == (("resize", "./resize.sh -q"),)
    assert settings.server_read_timeout == 2.0


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("DLQ_NAME=plain # said", "plain"),
        ("export DLQ_NAME = spaced out ", "spaced out"),
        ("DLQ_NAME='single # kept $X'", "single # kept $X"),
        ('DLQ_NAME="with \\"quotes\\"" # said', 'with "quotes"'),
        ("DLQ_NAME=a=b#c", "a=b#c"),
        ("#DLQ_NAME=x", ""),
        ("DLQ_NAME=crlf\r", "crlf"),
        ("nonsense\nDLQ_NAME=x", "x"),
    ],
)
def test_dotenv_is_read_as_a_shell_would(here: Place, line: str, value: str) -> None:
    here.file(".env", line + "\n")

    assert here.settings().dlq_name == value


def test_dotenv_with_an_open_quote_names_the_line(here: Place) -> None:
    here.file(".env", "\nAPI_KEY='open\n")

    assert "line 2" in str(here.refused())
    assert "open" not in str(here.refused())


def test_a_file_that_is_no_text_is_refused_by_name(here: Place) -> None:
    (here.cwd / ".env").write_bytes(b"API_KEY=\xff\xfe\n")

    assert "is no UTF-8 text" in str(here.refused())


def test_a_directory_called_dotenv_is_no_business_of_ours(here: Place) -> None:
    (here.cwd / ".env").mkdir()

    assert here.settings().origins == {}


def test_a_secret_may_stand_in_a_file(here: Place) -> None:
    file = here.file("secret", "hunter2\n")

    settings = here.settings({"REDIS_PASSWORD_FILE": str(file), "REDIS_URL": "redis://h"})

    assert settings.redis_password == "hunter2"
    assert origin(settings, "redis_password") == "env REDIS_PASSWORD_FILE"
