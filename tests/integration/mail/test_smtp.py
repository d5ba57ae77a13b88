import ssl

import pytest
import trustme

from processor.mail.smtp import SmtpTransport
from processor.mail.smtp_url import parse_smtp_url
from processor.mail.transport import Defer, Fail, Sent, Verdict
from tests.integration.mail.servers import HOST, Postbox, let_in, refused_port, serving, silent_server
from tests.unit.mail.test_message import mail

SENDER = "rosterdrop <r@v.example>"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(context)
    return context


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def transport(url: str, *, tls: ssl.SSLContext | None = None, timeout_s: float = 10) -> SmtpTransport:
    return SmtpTransport(
        server=parse_smtp_url(url),
        mail_from=SENDER,
        tls=tls,
        connect_timeout_s=timeout_s,
        command_timeout_s=timeout_s,
        final_timeout_s=timeout_s,
    )


async def sent_to(postbox: Postbox, recipient: str = "nora@x.example", **options: object) -> Verdict:
    async with serving(postbox, **options) as port:  # type: ignore[arg-type]
        return await transport(f"smtp://{HOST}:{port}").send(mail(recipient))


async def test_n03_a_server_that_takes_it_has_it_whole() -> None:
    postbox = Postbox()
    assert await sent_to(postbox) == Sent()
    (envelope,), (message,) = postbox.got, postbox.messages
    assert (envelope.mail_from, envelope.rcpt_tos) == ("r@v.example", ["nora@x.example"])
    assert message["Message-ID"] == "<abc@v.example>"
    assert message["To"] == "nora@x.example"


@pytest.mark.parametrize(
    ("postbox", "verdict"),
    [
        (Postbox(rcpt="451 4.3.0 try later"), Defer("451 4.3.0 try later")),
        (Postbox(data="452 4.3.1 full"), Defer("452 4.3.1 full")),
        (Postbox(rcpt="550 5.1.1 no such user"), Fail("550 5.1.1 no such user")),
        (Postbox(data="554 5.7.1 spam"), Fail("554 5.7.1 spam")),
    ],
)
async def test_n03_4xx_defers_and_5xx_fails(postbox: Postbox, verdict: Verdict) -> None:
    assert await sent_to(postbox) == verdict
    assert postbox.got == []


@pytest.mark.parametrize("postbox", [Postbox(rcpt="drop"), Postbox(data="drop")])
async def test_n03_a_connection_that_breaks_defers_that_mail_only(postbox: Postbox) -> None:
    verdict = await sent_to(postbox)
    assert isinstance(verdict, Defer)
    assert not verdict.unreachable


async def test_n03_a_refused_connection_defers() -> None:
    verdict = await transport(f"smtp://{HOST}:{await refused_port()}").send(mail())
    assert isinstance(verdict, Defer)
    assert verdict.unreachable


async def test_n03_a_host_that_does_not_exist_defers() -> None:
    verdict = await transport("smtp://no-such-host.invalid").send(mail())
    assert isinstance(verdict, Defer)
    assert verdict.unreachable


async def test_n03_a_server_that_says_nothing_defers() -> None:
    async with silent_server() as port:
        verdict = await transport(f"smtp://{HOST}:{port}", timeout_s=0.2).send(mail())
    assert isinstance(verdict, Defer)
    assert verdict.unreachable


async def test_o03_a_reason_holds_no_address() -> None:
    verdict = await sent_to(Postbox(rcpt="550 5.1.1 <nora@x.example>: nora@x.example is unknown"))
    assert verdict == Fail("550 5.1.1 <address>: <address> is unknown")


async def test_n05_a_tls_server_is_believed_when_its_certificate_is(
    server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    postbox = Postbox()
    async with serving(postbox, tls=server_tls) as port:
        assert await transport(f"smtps://{HOST}:{port}", tls=trusting).send(mail()) == Sent()
        verdict = await transport(f"smtps://{HOST}:{port}").send(mail())
    assert isinstance(verdict, Defer)
    assert "certificate" in verdict.reason.lower()
    assert len(postbox.got) == 1


async def test_n05_starttls_goes_before_everything(
    server_tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    postbox = Postbox()
    async with serving(postbox, tls_context=server_tls, require_starttls=True) as port:
        assert await transport(f"smtp+starttls://{HOST}:{port}", tls=trusting).send(mail()) == Sent()
        verdict = await transport(f"smtp+starttls://{HOST}:{port}").send(mail())
    assert isinstance(verdict, Defer)
    assert verdict.unreachable
    assert len(postbox.got) == 1


async def test_n05_without_starttls_nothing_is_sent_in_the_clear(trusting: ssl.SSLContext) -> None:
    postbox = Postbox()
    async with serving(postbox) as port:
        verdict = await transport(f"smtp+starttls://{HOST}:{port}", tls=trusting).send(mail())
    assert isinstance(verdict, Defer)
    assert verdict.unreachable
    assert postbox.tried == 0


@pytest.mark.parametrize(("password", "enters"), [("p%3A%2Fw%40%C3%BC", True), ("wrong", False)])
async def test_n05_the_login_of_the_url_is_used(
    server_tls: ssl.SSLContext, trusting: ssl.SSLContext, password: str, enters: bool
) -> None:
    postbox = Postbox()
    async with serving(postbox, tls_context=server_tls, auth_required=True, authenticator=let_in) as port:
        url = f"smtp+starttls://ops%40x.example:{password}@{HOST}:{port}"
        verdict = await transport(url, tls=trusting).send(mail())
    if enters:
        assert verdict == Sent()
    else:
        assert isinstance(verdict, Defer)
        assert verdict.unreachable
        assert "refused the login" in verdict.reason
        assert password not in verdict.reason


async def test_p01_an_address_of_other_letters_goes_by_smtputf8() -> None:
    postbox = Postbox()
    assert await sent_to(postbox, "nörа@exämple.example", enable_SMTPUTF8=True) == Sent()
    assert postbox.got[0].rcpt_tos == ["nörа@exämple.example"]


async def test_p01_a_domain_of_other_letters_goes_in_ascii_where_the_server_knows_nothing_else() -> None:
    postbox = Postbox()
    assert await sent_to(postbox, "nora@exämple.example", enable_SMTPUTF8=False) == Sent()
    assert postbox.got[0].rcpt_tos == ["nora@xn--exmple-cua.example"]


async def test_p01_a_name_of_other_letters_fails_where_the_server_knows_nothing_else() -> None:
    verdict = await sent_to(Postbox(), "nörа@x.example", enable_SMTPUTF8=False)
    assert isinstance(verdict, Fail)
    assert "SMTPUTF8" in verdict.reason
