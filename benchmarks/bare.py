"""The bare line, our yardstick: what Python and Redis allow when a queue only moves jobs.

A queue is a few zsets and hashes; fetch and acknowledge carry a hundred jobs a script call; leases,
attempts and results are kept; every job is a task of its own. No retries, no limits, no events.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Awaitable
from typing import Any, ClassVar

import msgspec
import redis
import redis.asyncio

from benchmarks import work
from benchmarks.lane import Lane, Payload

BATCH = 100
PLACES = "ready spec meta running lease done result count"
KEYS = [f"bare:{{q}}:{name}" for name in PLACES.split()]
NOW = f"""
local {PLACES.replace(" ", ", ")} = unpack(KEYS)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
# ARGV: id, position, spec of each job
SUBMIT = f"""{NOW}
local fresh = '0;;' .. now
local places, specs, metas = {{}}, {{}}, {{}}
for i = 1, #ARGV, 3 do
  local id = ARGV[i]
  local n = (i - 1) / 3 * 2 + 1
  places[n], places[n + 1] = ARGV[i + 1], id
  specs[n], specs[n + 1] = id, ARGV[i + 2]
  metas[n], metas[n + 1] = id, fresh
end
redis.call('HSET', spec, unpack(specs))
redis.call('HSET', meta, unpack(metas))
redis.call('ZADD', ready, unpack(places))
return redis.call('HINCRBY', count, 'submitted', #ARGV / 3)
"""
# ARGV: how many, token, lease in ms
FETCH = f"""{NOW}
local ids = redis.call('ZRANGE', ready, 0, ARGV[1] - 1)
if #ids == 0 then return {{}} end
local specs = redis.call('HMGET', spec, unpack(ids))
local metas = redis.call('HMGET', meta, unpack(ids))
local ends = string.format('%.0f', now + ARGV[3])
local token = ';' .. ARGV[2]
local until_, holders, updated, out = {{}}, {{}}, {{}}, {{}}
for i, id in ipairs(ids) do
  local attempts, rest = string.match(metas[i], '^(%d+);[^;]*(;.*)$')
  until_[2 * i - 1], until_[2 * i] = ends, id
  holders[2 * i - 1], holders[2 * i] = id, ARGV[2]
  updated[2 * i - 1], updated[2 * i] = id, attempts + 1 .. token .. rest
  out[2 * i - 1], out[2 * i] = id, specs[i]
end
redis.call('ZREM', ready, unpack(ids))
redis.call('ZADD', running, unpack(until_))
redis.call('HSET', lease, unpack(holders))
redis.call('HSET', meta, unpack(updated))
return out
"""
# ARGV: token, retention in ms, then id and result of each job
SETTLE = f"""{NOW}
local ids = {{}}
for i = 3, #ARGV, 2 do ids[#ids + 1] = ARGV[i] end
local holders = redis.call('HMGET', lease, unpack(ids))
local metas = redis.call('HMGET', meta, unpack(ids))
local ends, stamp = string.format('%.0f', now + ARGV[2]), ';' .. now
local kept, until_, results, updated = {{}}, {{}}, {{}}, {{}}
for i, id in ipairs(ids) do
  if holders[i] == ARGV[1] then
    local n = #kept + 1
    kept[n] = id
    until_[2 * n - 1], until_[2 * n] = ends, id
    results[2 * n - 1], results[2 * n] = id, ARGV[2 + 2 * i]
    updated[2 * n - 1], updated[2 * n] = id, metas[i] .. stamp
  end
end
if #kept == 0 then return 0 end
redis.call('ZREM', running, unpack(kept))
redis.call('HDEL', lease, unpack(kept))
redis.call('ZADD', done, unpack(until_))
redis.call('HSET', result, unpack(results))
redis.call('HSET', meta, unpack(updated))
redis.call('HINCRBY', count, 'completed', #kept)
return #kept
"""


class Spec(msgspec.Struct, array_like=True):
    """The immutable part of a job, as it lies in Redis."""

    type: str
    payload: msgspec.Raw
    retries: int = 3
    timeout: float = 300


class BareLane(Lane):
    name: ClassVar[str] = "bare"
    note: ClassVar[str] = "batches of 100, one task a job, uvloop and hiredis; no features"
    jobs: ClassVar[int] = 100_000
    kinds: ClassVar[frozenset[str]] = frozenset({"noop"})

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._submit = redis.Redis.from_url(url).register_script(SUBMIT)
        self._position = itertools.count()

    def bulk(self, kind: str, n: int, payload: Payload) -> None:
        encode = msgspec.json.Encoder().encode
        raw = msgspec.Raw(encode(payload))
        for start in range(0, n, 500):
            args: list[Any] = []
            for _ in range(min(500, n - start)):
                args += (str(uuid.uuid4()), next(self._position), encode(Spec(kind, raw)))
            self._submit(keys=KEYS, args=args)

    def one(self, kind: str, payload: Payload) -> None:
        self.bulk(kind, 1, payload)

    def worker(self, concurrency: int) -> list[str]:
        return ["-m", "benchmarks.bare"]


class BareWorker:
    """Runs a batch while the next one is fetched and the last one is settled."""

    def __init__(self, url: str) -> None:
        client = redis.asyncio.Redis.from_url(url)
        self._fetch = client.register_script(FETCH)
        self._settle = client.register_script(SETTLE)
        self._token = uuid.uuid4().hex
        self._spec = msgspec.json.Decoder(Spec)
        self._ended: list[bytes] = []

    async def run(self) -> None:
        settler = asyncio.create_task(self._settle_for_ever())
        coming: asyncio.Future[list[bytes]] = asyncio.ensure_future(self._next())
        while batch := await coming:
            coming = asyncio.ensure_future(self._next())
            jobs = zip(batch[::2], batch[1::2], strict=True)
            await asyncio.wait([asyncio.create_task(self._job(*job)) for job in jobs])
        await settler

    def _next(self) -> Awaitable[list[bytes]]:
        return self._fetch(keys=KEYS, args=[BATCH, self._token, 30_000])

    async def _job(self, job_id: bytes, blob: bytes) -> None:
        await work.noop(msgspec.json.decode(self._spec.decode(blob).payload))
        self._ended += (job_id, b"null")

    async def _settle_for_ever(self) -> None:
        while True:
            batch, self._ended = self._ended[:1000], self._ended[1000:]
            if batch:
                await self._settle(keys=KEYS, args=[self._token, 86_400_000, *batch])
            else:
                await asyncio.sleep(0.001)


if __name__ == "__main__":
    import uvloop

    uvloop.run(BareWorker(work.URL).run())
