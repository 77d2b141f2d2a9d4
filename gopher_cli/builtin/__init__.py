"""The built-in example handlers, by the job types of the README: one table, eight lines."""

from __future__ import annotations

from gopher_cli.builtin import (
    cleanup,
    data_export,
    data_process,
    image_processing,
    mail,
    maths,
    report,
    webhook,
)
from gopher_cli.handlers import Registry

registry = Registry()

registry.handler("email", timeout=60)(mail.send)
registry.handler("math", timeout=10)(maths.calculate)
# CPU-bound, and a picture is the work of strangers: a process of its own.
registry.handler("image_processing", timeout=120, isolate=True)(image_processing.process)
registry.handler("report", timeout=300)(report.report)
registry.handler("cleanup", timeout=300)(cleanup.clean)
registry.handler("data_process", timeout=300)(data_process.process)
registry.handler("data_export", timeout=300)(data_export.export)
registry.handler("webhook", timeout=90)(webhook.post)
