"""The version of gopher. Below everything: whoever stores, serves or prints it reads it here."""

from __future__ import annotations

__version__ = "0.1.0"
