"""The three languages of completion: each turns the places of the tree into a script."""

from __future__ import annotations

from collections.abc import Sequence

from gopher_cli.cli.shell.command_tree import Flag, Place


def _head(language: str) -> str:
    return f"# Completion of gopher for {language}. Made by: gopher completion {language}\n"


def bash(places: Sequence[Place]) -> str:
    paths = " | ".join(f'"{place.path}"' for place in places[1:])
    cases = "\n".join(_bash_place(place) for place in places)
    values = "\n".join(_bash_values(place) for place in places if any(f.takes for f in place.flags))
    return _head("bash") + _BASH.format(paths=paths, cases=cases, values=values)


def _bash_place(place: Place) -> str:
    flags = " ".join(name for flag in place.flags for name in flag.names if name.startswith("--"))
    words = " ".join((*place.commands, *place.words))
    return f'    "{place.path}") words="{words}" flags="{flags}" asks="{place.asks}" ;;'


def _bash_values(place: Place) -> str:
    lines = [
        f"    {' | '.join(_quoted(place, flag))}) {_bash_action(flag)} ;;"
        for flag in place.flags
        if flag.takes
    ]
    return "\n".join(lines)


def _quoted(place: Place, flag: Flag) -> list[str]:
    return [f'"{place.path} {name}"' for name in flag.names]


def _bash_action(flag: Flag) -> str:
    if flag.asks == "files":
        return "compopt -o default; COMPREPLY=(); return"
    return f'words="{" ".join(flag.words)}" flags="" asks="{flag.asks}"'


_BASH = """\
_gopher() {{
  local IFS=$' \\t\\n' at=gopher words="" flags="" asks="" head="" n=-1 i cur prev typed word
  local -a line=()
  # Bash splits words at ":" and "=". Here they are whole again, as they were typed.
  local rest=${{COMP_LINE:0:COMP_POINT}}
  for ((i = 0; i <= COMP_CWORD; i++)); do
    if ((i == 0)) || [[ $rest == [[:space:]]* ]]; then
      rest=${{rest#"${{rest%%[![:space:]]*}}"}}
      line[++n]=""
    fi
    if ((i == COMP_CWORD)); then
      line[n]+=$rest
    else
      line[n]+=${{COMP_WORDS[i]}} rest=${{rest#"${{COMP_WORDS[i]}}"}}
    fi
  done
  typed=${{line[n]}} cur=${{line[n]}} prev=${{line[n - 1]}}
  if [[ $cur == --*=* ]]; then
    prev=${{cur%%=*}} head=${{cur%%=*}}= cur=${{cur#*=}}
  fi
  cur=${{cur#[\\"\\']}}
  for ((i = 1; i < n; i++)); do
    case "$at ${{line[i]}}" in
    {paths}) at="$at ${{line[i]}}" ;;
    esac
  done
  case "$at" in
{cases}
  esac
  case "$at $prev" in
{values}
  esac
  [[ $cur == -* ]] && words=$flags asks=""
  if [[ $asks == files ]]; then
    compopt -o default; COMPREPLY=(); return
  fi
  COMPREPLY=()
  for word in $words; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$head$word")
  done
  if [[ -n $asks ]]; then
    while read -r word; do
      COMPREPLY+=("$head$word")
    done < <(gopher __complete "$asks" "$cur" "${{line[@]:1:n-1}}" 2>/dev/null)
  fi
  # Readline replaces what stands behind the last word break; inside of a quote there is none.
  local breaks=${{COMP_WORDBREAKS//[!:=]/}} kept
  if [[ -n $breaks && $typed != [\\"\\']* ]]; then
    kept=${{typed%"${{typed##*[$breaks]}}"}}
    COMPREPLY=("${{COMPREPLY[@]#"$kept"}}")
  fi
}}
complete -F _gopher gopher
"""


def zsh(places: Sequence[Place]) -> str:
    paths = "|".join(f'"{place.path}"' for place in places[1:])
    about = {place.path: place.about for place in places}
    cases = "\n".join(_zsh_place(place, about) for place in places)
    values = "\n".join(_zsh_values(place) for place in places if any(f.takes for f in place.flags))
    head = "#compdef gopher\n" + _head("zsh")
    return head + _ZSH.format(paths=paths, cases=cases, values=values)


def _zsh_place(place: Place, about: dict[str, str]) -> str:
    described = [f"{name}:{_plain(about[f'{place.path} {name}'])}" for name in place.commands]
    described += place.words
    flags = [f"{name}:{_plain(flag.about)}" for flag in place.flags for name in flag.names]
    words = " ".join(f"'{text}'" for text in described)
    shown = " ".join(f"'{text}'" for text in flags)
    return f"    \"{place.path}\") found=({words}); flags=({shown}); asks='{place.asks}' ;;"


def _zsh_values(place: Place) -> str:
    lines = []
    for flag in place.flags:
        if flag.takes:
            words = " ".join(f"'{_plain(word)}'" for word in flag.words)
            action = (
                "_files; return" if flag.asks == "files" else f"found=({words}); flags=(); asks='{flag.asks}'"
            )
            lines.append(f"    {'|'.join(_quoted(place, flag))}) {action} ;;")
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text inside of single quotes, where a colon would end the word."""
    return text.replace("'", "'\\''").replace(":", "\\:")


_ZSH = """\
_gopher() {{
  local at=gopher asks="" prev=${{words[CURRENT - 1]}} i ret=1
  local -a found flags asked
  for ((i = 2; i < CURRENT; i++)); do
    case "$at ${{words[i]}}" in
    {paths}) at="$at ${{words[i]}}" ;;
    esac
  done
  if [[ $PREFIX == --*=* ]]; then
    prev=${{PREFIX%%=*}}
    compset -P 1 '*='
  fi
  case "$at" in
{cases}
  esac
  case "$at $prev" in
{values}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o option flags && ret=0
    return ret
  fi
  if [[ $asks == files ]]; then
    _files; return
  fi
  (( $#found )) && _describe gopher found && ret=0
  # Names may have colons: _describe would take what is behind one for a description.
  local -a line=("${{(Q)words[2,CURRENT-1][@]}}")
  [[ -n $asks ]] && asked=(${{(f)"$(gopher __complete $asks "${{(Q)PREFIX}}" $line 2>/dev/null)"}})
  (( $#asked )) && compadd -a asked && ret=0
  return ret
}}
_gopher "$@"
"""


def fish(places: Sequence[Place]) -> str:
    paths = " ".join(f"'{place.path}'" for place in places[1:])
    about = {place.path: place.about for place in places}
    lines = [line for place in places for line in _fish_place(place, about)]
    return _head("fish") + _FISH.format(paths=paths) + "\n".join(lines) + "\n"


def _fish_place(place: Place, about: dict[str, str]) -> list[str]:
    start = f"complete -c gopher -n '__gopher_at \"{place.path}\"'"
    lines = [f"{start} -a {name} -d {_fish_text(about[f'{place.path} {name}'])}" for name in place.commands]
    if place.words:
        lines.append(f"{start} -a '{' '.join(place.words)}'")
    if place.asks == "files":
        lines.append(f"{start} -F")
    elif place.asks:
        lines.append(f"{start} -a '(__gopher_names {place.asks})'")
    return lines + [f"{start}{_fish_flag(flag)}" for flag in place.flags]


def _fish_flag(flag: Flag) -> str:
    names = "".join(f" -l {n[2:]}" if n.startswith("--") else f" -s {n[1:]}" for n in flag.names)
    values = ""
    if flag.asks == "files":
        values = " -r -F"
    elif flag.asks:
        values = f" -x -a '(__gopher_names {flag.asks})'"
    elif flag.takes:
        values = f" -x -a '{' '.join(flag.words)}'" if flag.words else " -x"
    return f"{names}{values} -d {_fish_text(flag.about)}"


def _fish_text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_FISH = """\
function __gopher_at
    set -l at gopher
    for word in (commandline -opc)[2..-1]
        if contains -- "$at $word" {paths}
            set at "$at $word"
        end
    end
    test "$at" = "$argv[1]"
end
function __gopher_names
    set -l typed (commandline -ct | string replace -r '^--[^=]*=' '')
    set -l line (commandline -opc)
    gopher __complete $argv[1] "$typed" $line[2..-1] 2>/dev/null
end
complete -c gopher -f
"""
