"""`umlindi up`: the database and every process of ours, started in order, kept alive, stopped in order."""

from __future__ import annotations

import http.client
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from umlindi.house.children import Child, Service
from umlindi.house.errors import HouseError, ServiceFailed
from umlindi.house.gate import LOOPBACK, check_port, only_one
from umlindi.house.home import Home
from umlindi.house.postgres import Cluster, Start
from umlindi.house.schema import prepare_schema

POLL_SECONDS = 0.5
WEB_SECONDS = 60.0
DEMO_SECONDS = 2.0
DEMO_AT_MOST_SECONDS = 30.0
POLITE_SECONDS = 6.0
KILL_SECONDS = 5.0
DATABASE_PAUSE = 10.0
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
DATABASE_SAID = {
    Start.CREATED: "made a new cluster",
    Start.STARTED: "started",
    Start.ADOPTED: "was still running",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What to start, and where."""

    home: Home
    port: int
    demo: bool

    @property
    def url(self) -> str:
        """By name: browsers keep passkeys for names only, never for addresses."""
        return f"http://localhost:{self.port}/"


class Supervisor:
    """Holds the home folder while it runs. `say` tells a person one line of progress.

    Small on purpose: Django lives only in the children.
    """

    def __init__(self, plan: Plan, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._say = say
        self._cluster: Cluster | None = None
        self._waiting: list[Child] = []
        self._children: list[Child] = []
        self._demo_awaited: Child | None = None
        self._demo_log_from = 0
        self._demo_until = 0.0
        self._database_again_at = 0.0

    def run(self) -> None:
        """Until SIGINT, SIGTERM or SIGHUP. Raises a `HouseError` where something keeps it from starting."""
        if not os.path.lexists(self._plan.home.run):
            # A refused first start leaves no home behind. Where one is, who runs in it is said before who has the port.
            check_port(self._plan.port)
        self._plan.home.prepare()
        with only_one(self._plan.home), _signals_interrupt():
            check_port(self._plan.port)
            try:
                self._start()
                self._keep()
            except KeyboardInterrupt:
                self._say("stopping")
            finally:
                self._stop()

    def _start(self) -> None:
        """The web server before the others: they would only slow its start."""
        env = self._environment(self._database_url())
        password = prepare_schema(self._plan.home, env, self._say)
        for service in self._services():
            self._waiting.append(Child(service, self._plan.home.logs / f"{service.name}.log", env))
        self._wait_for_web(self._start_next())
        if self._plan.demo:
            self._demo_log_from = self._waiting[0].log_size()
            self._demo_awaited = self._start_next()
            self._demo_until = time.monotonic() + DEMO_AT_MOST_SECONDS
        self._wait_for_demo()
        sign_in = f"  sign in as admin with the one-time password {password}" if password else ""
        self._say(f"ready {self._plan.url}{sign_in}")

    def _start_next(self) -> Child:
        child = self._waiting.pop(0)
        self._children.append(child)
        child.start()
        return child

    def _database_url(self) -> str:
        given = os.environ.get("DATABASE_URL")
        if given:
            self._say("using the PostgreSQL that DATABASE_URL names")
            return given
        self._cluster = Cluster(self._plan.home)
        self._say("starting PostgreSQL")
        how = self._cluster.start()
        self._say(f"PostgreSQL {DATABASE_SAID[how]} in {self._cluster.folder}")
        return self._cluster.url()

    def _environment(self, database_url: str) -> dict[str, str]:
        site_url = os.environ.get("UMLINDI_SITE_URL", self._plan.url.rstrip("/"))
        return os.environ | {
            "DATABASE_URL": database_url,
            "DJANGO_SETTINGS_MODULE": "umlindi.config.settings",
            # glibc keeps a heap for every thread it meets; two are enough, and a third less memory.
            "MALLOC_ARENA_MAX": "2",
            "PYTHONUNBUFFERED": "1",
            "UMLINDI_DEMO": "1" if self._plan.demo else "0",
            "UMLINDI_HOME": str(self._plan.home.root),
            "UMLINDI_SITE_URL": site_url,
        }

    def _services(self) -> Iterator[Service]:
        """In the order of their start. What probes comes after what it probes, and is stopped before it."""
        umlindi = (sys.executable, "-m", "umlindi")
        yield Service("web", (*umlindi, "web", "--port", str(self._plan.port)))
        if self._plan.demo:
            yield Service("demo", (*umlindi, "demo", "up", "--home", str(self._plan.home.root)))
        yield Service("pager", (*umlindi, "pager"))
        yield Service("worker", (*umlindi, "worker"))
        yield Service("watch", (*umlindi, "watch"))

    def _wait_for_web(self, web: Child) -> None:
        ends = time.monotonic() + WEB_SECONDS
        while web.alive and time.monotonic() < ends:
            if _answers(self._plan.port):
                return
            time.sleep(POLL_SECONDS / 5)
        raise ServiceFailed(f"The web server does not answer at {self._plan.url}health: see {web.log}.")

    def _wait_for_demo(self) -> None:
        """Shortly, so that nobody waits for the ready line; what probes the demo waits longer."""
        ends = time.monotonic() + DEMO_SECONDS
        while self._waiting and time.monotonic() < ends:
            self._start_rest()
            time.sleep(POLL_SECONDS / 5)
        if self._waiting:
            self._say("the demo estate is still starting; it appears as it comes up")

    def _start_rest(self) -> None:
        """Start what still waits, once the demo is up, or has ended, or has taken too long."""
        if self._demo_awaited and self._demo_awaited.has_said("ready", self._demo_log_from):
            self._demo_awaited = None
            self._say("the demo estate is up")
        late = self._demo_awaited and (not self._demo_awaited.alive or time.monotonic() > self._demo_until)
        while self._waiting and (self._demo_awaited is None or late):
            self._start_next()

    def _keep(self) -> None:
        while True:
            time.sleep(POLL_SECONDS)
            self._keep_database(time.monotonic())
            self._start_rest()
            self._tend_children()

    def _tend_children(self) -> None:
        for child in self._children:
            if said := child.tend(time.monotonic()):
                self._say(said)

    def _keep_database(self, now: float) -> None:
        if self._cluster is None or now < self._database_again_at or self._cluster.running():
            return
        self._say("PostgreSQL is gone; starting it again")
        try:
            how = self._cluster.start()
        except HouseError as error:
            self._database_again_at = now + DATABASE_PAUSE
            self._say(f"{error} Trying again in {DATABASE_PAUSE:.0f} s.")
        else:
            self._say(f"PostgreSQL {DATABASE_SAID[how]}")

    def _stop(self) -> None:
        """Politely, then by force; a second Ctrl-C shortens the wait. The database last, and never interrupted."""
        with suppress(KeyboardInterrupt):
            self._ask_children_to_end()
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)
        for child in self._children:
            child.kill()
            child.wait(KILL_SECONDS)
        if self._cluster:
            self._cluster.stop()
        self._say("stopped")

    def _ask_children_to_end(self) -> None:
        """The demo after the others, so that no probe sees it go."""
        ends = time.monotonic() + POLITE_SECONDS
        demo = [child for child in self._children if child.service.name == "demo"]
        for group in ([child for child in self._children if child not in demo], demo):
            for child in group:
                child.ask_to_end()
            for child in group:
                child.wait(max(0.0, ends - time.monotonic()))


@contextmanager
def _signals_interrupt() -> Iterator[None]:
    """Every way of asking us to stop raises KeyboardInterrupt, wherever we are. A SIGHUP ignored by nohup stays so."""
    before = {number: signal.getsignal(number) for number in STOPPING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
