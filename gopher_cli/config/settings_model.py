"""The same settings as a pydantic-settings model, for programs that live with pydantic.

    from gopher_cli.config.settings_model import GopherSettings
    GopherSettings().worker_concurrency            GopherSettings.model_json_schema()

Names, kinds, defaults and sources are those of Settings: there is nothing to keep in step.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Annotated, Any, get_type_hints

from pydantic import BeforeValidator, Field, create_model
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from gopher_cli.config.setting_list import Row, rows
from gopher_cli.config.settings import Settings
from gopher_cli.config.subjects import Subjects


class _Resolved(PydanticBaseSettingsSource):
    """What Settings found, without what stands at its default."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        settings = Settings.resolve(os.environ)
        return {name: getattr(settings, name) for name in (*settings.origins, "home", "outbox")}


class _Base(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, _Resolved(settings_cls)


def _read(row: Row, value: object) -> object:
    return row.metadata["kind"](value) if isinstance(value, str) and value else value


def _fields() -> dict[str, Any]:
    hints = get_type_hints(Subjects)
    return {
        row.name: (
            Annotated[hints[row.name], BeforeValidator(partial(_read, row))],
            Field(row.default, description=row.metadata["about"], repr=not row.metadata["show"]),
        )
        for row in rows()
    }


GopherSettings: type[BaseSettings] = create_model("GopherSettings", __base__=_Base, **_fields())
