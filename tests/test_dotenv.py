""".env as a shell reads it, and as other programs leave it there."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest
from place import Place, here

from gopher_cli.config.dotenv import parse_dotenv
from gopher_cli.model.errors import BadConfig

__all__ = ["here"]
PEM = "-----BEGIN PRIVATE KEY-----\nDLQ_NAME=inside\nMIIE\n-----END PRIVATE KEY-----"
PARTS = ["a", "#", " ", "'", '"', "\\", "$", "\n", "b c", "=", "\\'", '\\"', "\t"]


def read_by_sh(file: Path) -> str | None:
    """What a shell makes of A, or None where it does not take the file."""
    script = 'set -u; . "$1" && printf %s "$A"'
    done = subprocess.run(["sh", "-c", script, "sh", str(file)], capture_output=True, cwd=file.parent)
    return None if done.returncode or done.stderr else done.stdout.decode()


@pytest.mark.parametrize(
    "line",
    [
        "A=#9fK2", "A=a#b", "A= #b", "A='a # b'", 'A="a # b" # said', "A=''", "A=", 'A="pa\\$s"', "A='pa$s'",
        r"A='C:\\x'", r"A='ends\'", r"A='it'\''s'", 'A="a`b"'.replace("`", "\\`"), 'A="two\nlines"',
        "A='two\nlines' # said", 'A="goes \\\non"', 'A="it\'s"', "A='a'b", "export A='x'", "A='a'\"b\"",
    ],
)  # fmt: skip
def test_a_value_is_what_a_shell_makes_of_it(tmp_path: Path, line: str) -> None:
    file = tmp_path / "env"
    file.write_text(line + "\n")

    assert parse_dotenv(line, {"A"})["A"] == read_by_sh(file)


def test_a_quoted_value_is_what_a_shell_makes_of_it_or_is_refused(tmp_path: Path) -> None:
    chance, told = random.Random(7), 0
    for number in range(150):
        body = "".join(chance.choices(PARTS, k=chance.randint(0, 5)))
        text = f"A='{body}'\n" if number % 2 else f'A="{body}"\n'
        file = tmp_path / "env"
        file.write_text(text)
        known = None if "$" in body else read_by_sh(file)  # nothing is expanded here
        try:
            found = parse_dotenv(text, {"A"}).get("A")
        except BadConfig:
            continue
        if known is not None:
            told += 1
            assert found == known, text
    assert told > 40


@pytest.mark.parametrize("before", ["", "\ufeff", "# said\n\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_byte_order_mark_and_the_ends_of_lines_are_no_part_of_anything(
    here: Place, before: str, end: str
) -> None:
    (here.cwd / ".env").write_bytes(f"{before}DLQ_NAME=first\nMAX_RETRIES=7\n".replace("\n", end).encode())

    settings = here.settings()

    assert (settings.dlq_name, settings.max_retries) == ("first", 7)


@pytest.mark.parametrize(
    "theirs",
    [f'DJANGO_KEY="{PEM}"', f"my.key='{PEM}'", "OTHER='open", 'OTHER="open', "OTHER='a' b", "OTHER='it's'",
     "if [ -f x ]; then", "OTHER", "=", "export", '"', "GOPHER_", 'OTHER="open\nTHIRD=it"s'],
)  # fmt: skip
def test_what_others_write_there_is_theirs(here: Place, theirs: str) -> None:
    here.file(".env", f"{theirs}\nMAX_RETRIES=7\n")

    settings = here.settings()

    assert (settings.max_retries, settings.dlq_name) == (7, "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nAPI_KEY='open\n", ".env line 2: the value of API_KEY has no closing '"),
        ('A="1\n2"\nAPI_KEY="open\n', '.env line 3: the value of API_KEY has no closing "'),
        ("API_KEY='hunter2' x", ".env line 1: the value of API_KEY has something behind its closing '"),
        ('API_KEY="hunter2"#x', ".env line 1: the value of API_KEY has something behind"),
        ("API_KEY_FILE='x", "the value of API_KEY_FILE has no closing '"),
        ("GOPHER_CONFIG='x", "the value of GOPHER_CONFIG has no closing '"),
    ],
)
def test_quotes_that_do_not_fit_around_a_value_of_ours_are_refused_by_line_and_name(
    here: Place, text: str, said: str
) -> None:
    here.file(".env", text)

    error = here.refused()

    assert said in str(error)
    assert "hunter2" not in f"{error}{error.hint}"


@pytest.mark.parametrize(
    "line",
    ["API_KEY: hunter2", "API_KEY hunter2", "set API_KEY=hunter2", "export API_KEY: hunter2",
     "\u00a0API_KEY=hunter2", "\u200bAPI_KEY=hunter2", "\0API_KEY=hunter2", "API_KEY:=hunter2",
     '$env:API_KEY="hunter2"'],
)  # fmt: skip
def test_a_line_that_names_a_variable_of_ours_and_does_not_set_it_is_refused(here: Place, line: str) -> None:
    here.file(".env", f"A=1\n{line}\n")

    error = here.refused()

    assert ".env line 2 does not set API_KEY" in str(error)
    assert "hunter2" not in f"{error}{error.hint}"


@pytest.mark.parametrize(
    "line", ["API_KEY", "export API_KEY", "unset API_KEY", "# API_KEY: x", "my.API_KEY=1", "X-API_KEY: 1"]
)
def test_a_line_that_is_not_for_us_is_passed_over(here: Place, line: str) -> None:
    here.file(".env", f"{line}\n")

    assert here.settings().api_key == ""


def test_a_key_that_begins_with_a_hash_is_a_key(here: Place) -> None:
    here.file(".env", "API_KEY=#9fK2-very-long\n")

    assert here.settings().api_key == "#9fK2-very-long"
