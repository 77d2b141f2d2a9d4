"""Names for schedules, made of the commands that they run: ``/opt/backup.sh --all`` is ``backup``. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

_LONGEST = 56  # of 64 characters: a number may follow
_LONGEST_READ = 2000
_TOKEN = re.compile(
    r"""(?P<end>[;|&\n(){}]+)|(?:[^\s"'\\;|&(){}]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+""", re.DOTALL
)
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*", re.DOTALL)
_AMOUNT = re.compile(r"[0-9.]+[smhd]?")
_REDIRECTION = re.compile(r"[0-9]*[<>].*", re.DOTALL)
_ENDING = re.compile(r"(?<=.)\.(?:sh|bash|zsh|py|pl|rb|js|mjs|ts|php|jar|exe)$")
_PREPARE = frozenset({
    ".", "[", "[[", "cd", "command", "export", "false", "for", "if", "mkdir", "set", "sleep", "source",
    "test", "true", "type", "ulimit", "umask", "which", "while",
})  # fmt: skip
_START = frozenset({
    "!", "chronic", "chrt", "do", "doas", "else", "env", "exec", "flock", "ionice", "nice", "nohup", "setsid",
    "stdbuf", "sudo", "then", "time", "timeout",
})  # fmt: skip
_READ = re.compile(r"(?:python|pypy|perl|ruby|node|deno|php|bash|dash|sh|zsh|ksh|java|Rscript|lua)[0-9.]*")


def unique_names(commands: Sequence[str], numbers: Iterable[int]) -> list[str]:
    """One name for each command, valid for a schedule; a line's number names it where nothing else does.

    Commands that would share a name get their next word, too, whatever their order; then a number.
    """
    pairs = [_names(command) for command in commands]
    firsts = Counter(first for first, _ in pairs)
    proposed = []
    for (first, second), number in zip(pairs, numbers, strict=True):
        name = f"{first}-{second}" if second and firsts[first] > 1 else first
        proposed.append(name[:_LONGEST].strip("-.") or f"line-{number}")
    return list(_numbered(proposed))


def _numbered(names: Sequence[str]) -> Iterator[str]:
    """``a``, ``a-2``, ``a-3``: never a name that another one has."""
    taken, numbers = set(names), Counter[str]()
    for name in names:
        numbers[name] += 1
        if numbers[name] == 1:
            yield name
            continue
        while (numbered := f"{name}-{numbers[name]}") in taken:
            numbers[name] += 1
        taken.add(numbered)
        yield numbered


def _names(command: str) -> tuple[str, str]:
    """What a command runs, and the next plain word; empty where there is none."""
    pieces = _pieces(command[:_LONGEST_READ])
    words = next((words for words in map(_started, pieces) if words and words[0] not in _PREPARE), [])
    words = _read(words)
    if not words:
        return "", ""
    plain = (word for word in words[1:] if not word.startswith("-"))
    return _clean(words[0]), _clean(next(plain, ""))


def _pieces(command: str) -> Iterator[list[str]]:
    """Commands between ``&&``, ``|``, ``;`` and so on, as words up to a redirection."""
    words: list[str] = []
    for token in _TOKEN.finditer(command):
        if token["end"] is None:
            words.append(token[0])
        else:
            yield _before_redirection(words)
            words = []
    yield _before_redirection(words)


def _before_redirection(words: Sequence[str]) -> list[str]:
    end = next((at for at, word in enumerate(words) if _REDIRECTION.fullmatch(word)), len(words))
    return [word.replace('"', "").replace("'", "").replace("\\", "") for word in words[:end]]


def _started(words: list[str]) -> list[str]:
    """Without assignments, and without what starts it: sudo, nice, timeout 60."""
    while words and (_ASSIGNMENT.fullmatch(words[0]) or _base(words[0]) in _START):
        start, words = _base(words[0]), words[1:]
        while start in _START and words and (words[0].startswith("-") or _AMOUNT.fullmatch(words[0])):
            words = words[2:] if words[0] in ("-u", "-g") else words[1:]
        if start == "flock":
            words = words[1:]  # the lock
    return words


def _read(words: list[str]) -> list[str]:
    """The program that an interpreter reads from a file, instead of the interpreter."""
    if not words or not _READ.fullmatch(_base(words[0])):
        return words
    for at, word in enumerate(words[1:], 1):
        if word in ("-c", "-e", "-r"):
            return words[:1]  # it is written there
        if not word.startswith("-"):
            return words[at:]
    return words[:1]


def _base(word: str) -> str:
    return word.rstrip("/").rpartition("/")[2]


def _clean(word: str) -> str:
    return re.sub("[^A-Za-z0-9_.-]+", "-", _ENDING.sub("", _base(word))).strip("-.")
