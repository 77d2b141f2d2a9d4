"""Names of schedules, made of commands."""

from __future__ import annotations

import pytest

from gopher_cli.model.job.ids import VALID_NAME
from gopher_cli.model.schedule.command_name import unique_names


def names(*commands: str) -> list[str]:
    return unique_names(commands, range(1, len(commands) + 1))


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("/opt/bin/backup.sh --all", "backup"), ("backup", "backup"), ("./run.py", "run"),
        ("~/bin/x.rb", "x"), ("cd /srv/app && ./bin/clean >/dev/null 2>&1", "clean"),
        ("test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )", "run-parts"),
        ("[ -x /usr/lib/php/sessionclean ] && /usr/lib/php/sessionclean", "sessionclean"),
        ("if [ -e /x ]; then /opt/rotate; fi", "rotate"), ("command -v sa1 > /dev/null && sa1 1 1", "sa1"),
        ("LANG=C TZ=UTC /opt/report", "report"), ("nice -n 10 ionice -c2 -n7 /opt/index", "index"),
        ("sudo -u www-data -E /opt/push", "push"), ("/usr/bin/flock -n /run/x.lock /opt/sync.sh", "sync"),
        ("timeout 5m nohup time /opt/fetch", "fetch"), ("/usr/bin/env python3 /opt/etl.py", "etl"),
        ("python3 -u -O /opt/etl.py --day", "etl"), ("python3 -m shop.jobs.clean", "shop.jobs.clean"),
        ("/usr/bin/php -q /var/www/artisan schedule:run", "artisan"), ("java -jar /opt/app.jar", "app"),
        ("bash -c 'echo hi'", "bash"), ("python3", "python3"), ("python3 -V", "python3"),
        ("$HOME/bin/job", "job"), ('"/opt/my tools/run it.sh" x', "run-it"), ("/opt/bin/", "bin"),
        ("/opt/größe", "gr-e"), ("日本", "line-1"), ("", "line-1"), (";;;", "line-1"), ("sudo", "line-1"),
        ("cd /", "line-1"), ("> /var/log/x", "line-1"), (".hidden", "hidden"), ("..", "line-1"),
        ("'", "line-1"), ("a" * 300, "a" * 56), ("\\\n", "line-1"), ("-x", "x"), (".sh", "sh"),
    ],
)  # fmt: skip
def test_a_command_is_named_after_what_it_runs(command: str, name: str) -> None:
    assert names(command) == [name]
    assert VALID_NAME.fullmatch(name)


def test_commands_of_one_name_get_their_next_word_whatever_their_order() -> None:
    first = names("python manage.py clearsessions", "manage.py backup --full", "report x")
    assert first == ["manage-clearsessions", "manage-backup", "report"]
    assert names("manage.py backup", "report x", "python manage.py clearsessions")[0] == "manage-backup"


def test_what_is_still_alike_gets_a_number_that_nothing_else_has() -> None:
    assert names("a", "a", "a-2", "a", "a-2") == ["a", "a-3", "a-2", "a-4", "a-2-2"]
    assert names("run --x /a/b.sh", "run --y /c/b.sh") == ["run-b", "run-b-2"]
    assert names("a" * 300, "a" * 300) == ["a" * 56, "a" * 56 + "-2"]
    assert all(VALID_NAME.fullmatch(name) for name in names(*["a" * 300] * 2000))
