"""An app for the browser to see: `--app browser.app:app`. Its words are as hostile as a test asks for.

Types: mail ends well, boom fails, steps tells its progress until it is stopped, echo says back what it got.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import msgspec

from gopher_cli import Context, Gopher

app = Gopher()


class Mail(msgspec.Struct):
    to: Annotated[str, msgspec.Meta(description="whom to write to")]
    subject: str = "Hello"
    copies: Annotated[int, msgspec.Meta(ge=1, le=99)] = 1
    urgent: bool = False
    format: Literal["text", "html"] = "text"
    the_address_to_which_whoever_cannot_be_reached_any_more_is_told_to_write: str = ""
    whether_to_say_so_even_to_people_who_have_never_asked_for_being_told_of_it: bool = False


@app.handler("mail")
async def mail(payload: Mail) -> dict[str, Any]:
    return {"sent_to": payload.to, "copies": payload.copies}


@app.handler("boom")
async def boom(payload: Any) -> None:
    raise ValueError((payload or {}).get("say", "nobody answers at smtp.example.com"))


@app.handler("echo")
async def echo(payload: Any, ctx: Context) -> Any:
    ctx.log(payload)
    return payload


@app.handler("steps")
async def steps(payload: Any, ctx: Context) -> None:
    for step in range(10_000):
        ctx.progress(step % 100 / 100, f"step {step}")
        await asyncio.sleep(0.2)
