"""Settings: flag over environment over ``.env`` over ``gopher.toml`` over default, resolved once.

What can be chosen stands in subjects/, what a text may be in kinds.py, where it comes from in sources.py.
setting_list.py has the list of all, and settings.py their values.
"""

from __future__ import annotations

from gopher_cli.config.settings import Settings

__all__ = ["Settings"]
