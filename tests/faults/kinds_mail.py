"""Kinds of faults that come from the mail server: imports go on, and each mail arrives at last, with one Message-ID."""

import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import trustme

from tests.faults.customer import Answer
from tests.faults.mail_servers import MailServer
from tests.faults.seen import look
from tests.faults.trials import Result, first_file, second_file
from tests.faults.world import Resident, Workshop, World, open_world

SERVER = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What a server does until it is mended, and how often each mail then has arrived at least."""

    begin: Callable[[MailServer, World], None]
    is_met: Callable[[MailServer, World], bool]  # the daemon has run into it
    end: Callable[[MailServer, World], None]
    copies: int = 1
    states: frozenset[str] = frozenset({"waiting"})  # of the mails, while it lasts


def answering(**answers: object) -> Callable[[MailServer, World], None]:
    """Serve, and answer so."""

    def begin(server: MailServer, world: World) -> None:
        for name, value in answers.items():
            setattr(server.postbox, name, value)
        server.start()

    return begin


def behave(server: MailServer, world: World) -> None:
    """Be a good server from now on."""
    box = server.postbox
    box.rcpt = box.data = "250 OK"
    box.hangs = box.hangs_up_after_data = False
    box.on_data = None


def deferred(server: MailServer, world: World) -> bool:
    return bool(world.daemon.events("mail.deferred"))


def tried(server: MailServer, world: World) -> bool:
    return server.postbox.tried > 0


def kill_in_the_middle(server: MailServer, world: World) -> None:
    server.postbox.on_data = world.daemon.kill_all
    server.start()


def start_again(server: MailServer, world: World) -> None:
    behave(server, world)
    world.start()


def retry(server: MailServer, world: World) -> None:
    behave(server, world)
    assert world.daemon.run("mail", "retry").returncode == 0


def hang_up(server: MailServer, world: World) -> None:
    behave(server, world)
    server.stop()
    server.start()


TROUBLES = {
    "4xx for the recipient": Trouble(begin=answering(rcpt="451 4.3.0 later"), is_met=deferred, end=behave),
    "4xx for the mail": Trouble(begin=answering(data="452 4.3.1 no room"), is_met=deferred, end=behave),
    "5xx": Trouble(
        begin=answering(data="554 5.7.1 no"),
        is_met=lambda server, world: bool(world.daemon.events("mail.failed")),
        end=retry,
        states=frozenset({"failed"}),
    ),
    "greylisting": Trouble(begin=answering(is_greylisting=True), is_met=deferred, end=behave),
    "no answer": Trouble(begin=answering(hangs=True), is_met=tried, end=hang_up),
    "hangs up after DATA": Trouble(
        begin=answering(hangs_up_after_data=True), is_met=deferred, end=behave, copies=2
    ),
    "connection refused": Trouble(
        begin=lambda server, world: None, is_met=deferred, end=lambda server, world: server.start()
    ),
    "daemon killed before the answer": Trouble(
        begin=kill_in_the_middle,
        is_met=lambda server, world: not world.daemon.is_alive,
        end=start_again,
        copies=2,
    ),
}


def bad_mail_servers(workshop: Workshop, result: Result) -> None:
    """All of them, each with a daemon of its own."""
    began = time.monotonic()
    for name, trouble in TROUBLES.items():
        with closing(MailServer()) as server, mailing_world(workshop, server, f"smtp://{SERVER}") as world:
            result.add(name, meet(world, server, trouble))
    result.seconds += time.monotonic() - began


def bad_certificates(workshop: Workshop, result: Result) -> None:
    """A certificate that nobody vouches for, then one that is good."""
    began = time.monotonic()
    authority, stranger = trustme.CA(), trustme.CA()
    trusted = workshop.folder / "trusted.pem"
    authority.cert_pem.write_to_path(str(trusted))

    def begin(server: MailServer, world: World) -> None:
        server.start(certificate_of(stranger))

    def end(server: MailServer, world: World) -> None:
        server.stop()
        server.start(certificate_of(authority))

    with closing(MailServer()) as server:
        scheme = f"smtps://{SERVER}"
        with mailing_world(workshop, server, scheme, SSL_CERT_FILE=str(trusted)) as world:
            trouble = Trouble(begin=begin, is_met=deferred, end=end)
            result.add("bad certificate", meet(world, server, trouble))
    result.seconds += time.monotonic() - began


def certificate_of(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(SERVER).configure_cert(context)
    return context


@contextmanager
def mailing_world(workshop: Workshop, server: MailServer, url: str, **environment: str) -> Iterator[World]:
    """A daemon that mails through this server."""
    with open_world(
        workshop, f"mail-{server.port}", residents=1, start=False, smtp_url=f"{url}:{server.port}"
    ) as world:
        world.delivered = lambda: server.message_ids
        world.daemon.environment.update(environment)
        world.start()
        yield world


def meet(world: World, server: MailServer, trouble: Trouble) -> list[str]:
    """Import while the server makes trouble, then while it does not."""
    resident = world.new_resident()
    trouble.begin(server, world)
    if resident.customer.put_alone("users.csv", first_file(resident.id)).answer is not Answer.OK:
        return ["the upload was not taken"]
    until = time.monotonic() + 60
    while not trouble.is_met(server, world):
        if time.monotonic() > until:
            return ["the trouble was not met"]
        time.sleep(0.02)
    found: list[str] = []
    if world.daemon.is_alive:  # imports go on as if nothing were
        resident.customer.put_alone("users.csv", second_file(resident.id))
        found += world.settle(resident, mails=False) or world.check(resident, mails=False)
        states = {mail.state for mail in look(world.data, resident.id).mails}
        if not states & trouble.states:
            found.append(f"meanwhile the mails are {sorted(states)}")
    trouble.end(server, world)
    found += world.probe(resident) or world.settle(resident) or world.check(resident)
    return found + _copies(world, server, resident, trouble)


def _copies(world: World, server: MailServer, resident: Resident, trouble: Trouble) -> list[str]:
    counts = Counter(server.message_ids)
    known = {mail.message_id for mail in look(world.data, resident.id).mails}
    strange = set(counts) - known
    if strange:
        return [f"{len(strange)} mails arrived under a Message-ID that the outbox does not have"]
    if max(counts.values(), default=0) < trouble.copies:
        return [f"at most {max(counts.values(), default=0)} copies arrived: the trouble was not met"]
    return []
