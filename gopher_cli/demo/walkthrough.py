"""The demo, act by act. Everything that it tells is looked up first, and what is not so ends it."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gopher_cli.build import open_gopher
from gopher_cli.cli.render.styles import plural, size
from gopher_cli.demo import sample_files, workload
from gopher_cli.demo.picture import Picture
from gopher_cli.demo.processes import WORKER, Crew, typed
from gopher_cli.demo.queue_watch import DemoFailed, Watcher
from gopher_cli.demo.screen import Screen
from gopher_cli.demo.workspace import Place
from gopher_cli.embedded import server as server_module
from gopher_cli.gopher import Gopher

_BROKEN = [f"stock-{shop}" for shop in workload.SHOPS]
_FRACTALS = [f"fractal-{name}" for name in workload.VIEWS]


@dataclass(slots=True)
class Play:
    """``around`` is the environment of the caller."""

    place: Place
    stage: Screen
    around: Mapping[str, str]
    began: float = field(default_factory=time.monotonic)

    async def run(self, *, keep: bool) -> None:
        """Raises DemoFailed, saying what went wrong. Leaves no worker, and no server unless kept."""
        crew = Crew(self.place, self.stage, self.place.environ(self.around))
        ended = False
        try:
            self._server()
            async with open_gopher(self.place.settings(self.around)) as gopher:
                await self._acts(gopher, crew)
            ended = True
        except DemoFailed as error:
            error.hint = error.hint or f"look into {self.place.log}"
            raise
        finally:
            self.stage.still()
            crew.leave()
            if not (keep and ended):
                server_module.stop(self.place.home)
        took = time.monotonic() - self.began
        server = "the server stays up" if keep else "worker and server are stopped"
        self.stage.act(f"Done in {took:.0f}s; {server}")

    async def _acts(self, gopher: Gopher, crew: Crew) -> None:
        watcher = Watcher(gopher, self.stage)
        total = self._submit(crew)
        await self._work(gopher, crew, watcher)
        held = await self._crash(crew, watcher)
        await self._recover(gopher, crew, watcher, held)
        await self._repair(crew, watcher, total)
        self._look(crew, list(held))
        self._files()
        code = crew.stop_worker()
        if code:
            raise DemoFailed(f"SIGTERM should end a worker with exit code 0, and it was {code}")

    def _server(self) -> None:
        self.stage.act("A server of its own")
        status = server_module.start(self.place.home)
        self.stage.done(f"{status.version} on a private socket, every write in a file")
        self.stage.say(self.stage.dim(f"all of this demo lies in {self.place.root}"))

    def _submit(self, crew: Crew) -> int:
        self.stage.act("Work comes in")
        sample_files.prepare(self.place.root)
        jobs = workload.batch()
        if not workload.can_draw():
            self.stage.say("no thumbnails: pip install 'gopher-cli[image]' brings them")
        ids = crew.run("submit", "--batch", "jobs.ndjson", "-q", quiet=True).split()
        if len(ids) != len(jobs):
            raise DemoFailed(f"{len(ids)} of {len(jobs)} jobs were accepted")
        self.stage.done(f"{plural(len(ids), 'job')} accepted: {_kinds(jobs)}")
        return len(ids)

    async def _work(self, gopher: Gopher, crew: Crew, watcher: Watcher) -> None:
        self.stage.act("A worker takes it up")
        self.stage.command(["gopher", *WORKER])
        pid = await crew.start_worker(gopher)
        self.stage.done(f"worker {pid} runs, and logs to worker.log")
        await watcher.until(_in_the_middle, "jobs that are half done")

    async def _crash(self, crew: Crew, watcher: Watcher) -> dict[str, str | None]:
        """The jobs that the worker held when it was killed, each with the process that had it."""
        self.stage.act("The worker is killed, with jobs half done")
        assert crew.worker
        crew.kill_worker()
        self.stage.command(["kill", "-9", str(crew.worker.pid)])
        held = {id: (await watcher.job(id)).worker for id, _, _ in (await watcher.look()).running}
        if not held:
            raise DemoFailed("the worker held no job when it was killed")
        self.stage.done(f"{plural(len(held), 'job')} had begun: {', '.join(held)}")
        return held

    async def _recover(
        self, gopher: Gopher, crew: Crew, watcher: Watcher, held: Mapping[str, str | None]
    ) -> None:
        killed = time.monotonic()
        pid = await crew.start_worker(gopher)
        self.stage.done(f"worker {pid} takes its place; the leases of the other run out (3s here)")
        await watcher.until_back(held, seconds=60)
        self.stage.done(
            f"all {len(held)} are back {time.monotonic() - killed:.1f}s after the kill, none lost"
        )
        await watcher.until(lambda now: not now.open, "the end of all work")
        for job in [await watcher.job(id) for id in held if id not in _BROKEN]:
            if (job.state, job.attempts) != ("completed", 1):
                raise DemoFailed(f"{job.id} is {job.state} after {job.attempts} attempts")
        self.stage.done("and completed; the crash has cost none of them an attempt")

    async def _repair(self, crew: Crew, watcher: Watcher, total: int) -> None:
        self.stage.act("The dead letter queue")
        for id in _BROKEN:
            job = await watcher.job(id)
            if (job.state, job.attempts) != ("failed", 2):
                raise DemoFailed(f"{id} should have failed twice: its file is missing")
        self.stage.say("Three imports failed twice each: nobody had delivered their files.")
        crew.look("list-failed")
        for name in workload.STOCKS:
            sample_files.deliver_stock(self.place.root / name)
        self.stage.gap()
        self.stage.done(f"the cause is mended: {', '.join(workload.STOCKS)}")
        crew.run("requeue-dlq")
        self.stage.gap()
        picture = await watcher.until(lambda now: not now.open, "the imports")
        if (picture.done, picture.completions) != (total, total):
            raise DemoFailed(f"{picture.completions} completions of {picture.done} of {total} jobs")
        self.stage.done(f"all {total} jobs completed, each once")

    def _look(self, crew: Crew, held: Sequence[str]) -> None:
        self.stage.act("What gopher knows")
        crew.look("stats")
        crew.look("inspect", next((id for id in held if id in _FRACTALS), held[0]))

    def _files(self) -> None:
        self.stage.act("What was made")
        rows = []
        for name in workload.results():
            path = self.place.root / name
            if not path.is_file() or not path.stat().st_size:
                raise DemoFailed(f"{path} was not made")
            rows.append((name, size(path.stat().st_size)))
        self.stage.table(rows)

    def farewell(self, *, keep: bool) -> None:
        """What to type next, as it can be pasted."""
        home, gopher = shlex.quote(str(self.place.home)), typed()
        self.stage.say("Look around yourself:")
        self.stage.gap()
        for line in (
            f"export GOPHER_HOME={home} GOPHER_REDIS_URL=embedded://default",
            f"{gopher} stats",
            f"{gopher} jobs ls",
            f"{gopher} submit -t math a:=1 b:=2 op=add",
            f"{gopher} worker --burst",
            f"{gopher} inspect @last",
        ):
            self.stage.exactly(f"      {line}")
        if not keep:
            self.stage.gap()
            self.stage.say(self.stage.dim("The server starts again by itself, with its data."))


def _kinds(jobs: Sequence[dict[str, object]]) -> str:
    counts: dict[str, int] = {}
    for job in jobs:
        counts[str(job["type"])] = counts.get(str(job["type"]), 0) + 1
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())


def _in_the_middle(picture: Picture) -> bool:
    """Several are done, and slow ones have come so far that killing them hurts."""
    slow = [fraction for id, fraction, _ in picture.running if id in _FRACTALS and fraction]
    return picture.done >= 8 and any(fraction > 0.25 for fraction in slow)
