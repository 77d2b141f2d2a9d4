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
        ("max_retries = ", "gopher.toml is not valid TOML"),
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

    assert "is not UTF-8 text" in str(here.refused())


def test_a_directory_called_dotenv_is_no_business_of_ours(here: Place) -> None:
    (here.cwd / ".env").mkdir()

    assert here.settings().origins == {}


def test_a_secret_may_stand_in_a_file(here: Place) -> None:
    file = here.file("secret", "hunter2\n")

    settings = here.settings({"REDIS_PASSWORD_FILE": str(file), "REDIS_URL": "redis://h"})

    assert settings.redis_password == "hunter2"
    assert origin(settings, "redis_password") == "env REDIS_PASSWORD_FILE"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_secret_is_read_without_byte_order_mark_and_from_a_home(
    here: Place, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(here.cwd))
    here.file("secret", f"{mark}hunter2\n")
    here.file(".env", "GOPHER_API_KEY_FILE=~/secret\nJWT_KEY_FILE='~/secret'\n")

    settings = here.settings({"REDIS_PASSWORD_FILE": "~/secret"})

    assert {settings.api_key, settings.jwt_key, settings.redis_password} == {"hunter2"}


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "is empty"), (" \n", "is empty"), ("\ufeff\n", "is empty"), (None, "is a directory")],
)
def test_a_secret_that_is_not_there_is_refused_and_opens_nothing(
    here: Place, content: str | None, said: str
) -> None:
    if content is None:
        (here.cwd / "secret").mkdir()
    else:
        here.file("secret", content)

    assert said in str(here.refused({"API_KEY_FILE": str(here.cwd / "secret")}))


@pytest.mark.parametrize("variable", ["API_KEY_FILE", "GOPHER_CONFIG", "GOPHER_HOME", "HANDLER_PATHS"])
def test_the_home_of_nobody_is_refused_by_the_name_of_the_variable(here: Place, variable: str) -> None:
    assert variable in str(here.refused({variable: "~no-such-user/x"}))


def test_a_byte_order_mark_in_front_of_toml_is_passed_over(here: Place) -> None:
    here.file("gopher.toml", "\ufeffmax_retries = 9\n")

    assert here.settings().max_retries == 9


def test_a_list_in_toml_has_the_form_that_its_setting_wants(here: Place) -> None:
    here.file(
        "gopher.toml",
        'handler_paths = ["/data/in", "/data/out"]\ntrusted_proxies = ["10.0.0.0/8", "192.0.2.7"]\n'
        'server_cors_origins = ["https://a.example", "https://b.example"]\n'
        'exec = ["resize=./resize.sh -q", "thumb=./t.sh"]\n'
        'worker_priority_ratio = [5, 2, 1]\nworker_queues = ["mail:3", "x"]\n'
        'app = ["shop.jobs:app", "mails"]\nbuiltin = ["email", "math"]\n',
    )

    settings = here.settings()

    assert settings.handler_paths == (Path("/data/in"), Path("/data/out"))
    assert settings.exec == (("resize", "./resize.sh -q"), ("thumb", "./t.sh"))
    assert settings.trusted_proxies == "10.0.0.0/8,192.0.2.7/32"
    assert settings.server_cors_origins == "https://a.example,https://b.example"
    assert (settings.worker_priority_ratio, settings.worker_queues) == ("5:2:1", "mail:3,x")
    assert (settings.app, settings.builtin) == ("shop.jobs:app,mails", "email,math")


def test_apps_and_built_in_handlers_are_lists_in_toml(here: Place) -> None:
    here.file("gopher.toml", 'app = ["shop.jobs", "shop.more:app"]\nbuiltin = ["email", "math"]')

    settings = here.settings()
    assert (settings.app, settings.builtin) == ("shop.jobs,shop.more:app", "email,math")


def test_the_words_of_a_program_in_toml_are_quoted_as_a_shell_needs_it(here: Place) -> None:
    here.file("gopher.toml", '[exec]\nresize = ["./re size.sh", "--big", 3]\nthumb = "./t.sh -q"\n')

    assert here.settings().exec == (("resize", "'./re size.sh' --big 3"), ("thumb", "./t.sh -q"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("max_retries = [1, 2]", "max_retries in gopher.toml takes one value, not a list"),
        ("[max_retries]\nx = 1", "takes one value, not a table"),
        ("[handler_paths]\nx = 1", "takes a list, not a table"),
        ('handler_paths = ["/a:/b"]', "has the entry '/a:/b', which is not one value"),
        ('handler_paths = [""]', "has the entry '', which is not one value"),
        ('handler_paths = ":"', "directories with colons between them"),
        ('worker_queues = [["a"]]', "is a list of texts"),
        ("[exec]\nresize = {a = 1}", "resize of exec in gopher.toml is not a command on one line"),
        ('[exec]\nresize = """a\nb"""', "is not a command on one line"),
        ("[exec]\nresize = []", "is not a command on one line"),
        ('[[exec]]\ntype = "resize"', "is a list of texts"),
    ],
)
def test_a_list_where_one_value_is_wanted_or_the_other_way_round_is_refused(
    here: Place, text: str, said: str
) -> None:
    here.file("gopher.toml", text)

    assert said in str(here.refused())


@pytest.mark.parametrize("value", ["tcp://10.1.2.3:80", "udp://10.1.2.3:53", "sctp://10.1.2.3:1"])
def test_what_kubernetes_sets_for_a_service_is_not_a_port(here: Place, value: str) -> None:
    names = ("API_PORT", "SERVER_PORT", "GOPHER_SERVER_PORT")

    assert here.settings(dict.fromkeys(names, value)).server_port == 8080
    assert here.settings({"GOPHER_SERVER_PORT": value, "API_PORT": "8081"}).server_port == 8081
    assert "SERVER_HOST" in str(here.refused({"SERVER_HOST": value}))
