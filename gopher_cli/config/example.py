"""config.example.env: every setting with its default, made from the list of settings."""

from __future__ import annotations

from gopher_cli.config.setting_list import names, rows, shown

_HEAD = """\
# Every setting of gopher with its default. Copy this file to .env and take away the # in front
# of what you change. gopher looks for a setting in this order: flag, environment, .env,
# gopher.toml (or $GOPHER_CONFIG), ~/.config/gopher/config.toml, default.
# Durations are written 500ms, 10s, 1m30s, 2h. An empty value counts as not set.
# A secret may stand in a file: REDIS_PASSWORD_FILE=/run/secrets/redis, and so for the others.
# .env is read as a shell reads it, without expansion; a quoted value may go over several lines.
# In gopher.toml a list is a list: handler_paths = ["/data/in", "/data/out"]."""


def example_env() -> str:
    """The text of that file: every setting, commented out."""
    lines = [_HEAD]
    for row, name in zip(rows(), names(), strict=True):
        known = [*name.variables[1:], name.variables[0]]
        also = f" (also {', '.join(known[1:])})" if known[1:] else ""
        lines += ["", f"# {row.metadata['about']}{also}", f"#{known[0]}={shown(row, row.default)}"]
    return "\n".join(lines) + "\n"
