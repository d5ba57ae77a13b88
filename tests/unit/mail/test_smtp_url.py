import pytest

from core.errors import UsageError
from processor.mail.smtp_url import Security, SmtpServer, parse_smtp_url


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.x.example", SmtpServer(security=Security.PLAIN, host="mail.x.example", port=25)),
        ("smtp://127.0.0.1:2525/", SmtpServer(security=Security.PLAIN, host="127.0.0.1", port=2525)),
        ("smtp+starttls://[::1]", SmtpServer(security=Security.STARTTLS, host="::1", port=587)),
        (
            "smtps://ops%40x.example:p%3A%2Fw@mail.x.example",
            SmtpServer(
                security=Security.TLS, host="mail.x.example", port=465, user="ops@x.example", password="p:/w"
            ),
        ),
    ],
)
def test_n05_the_url_says_where_how_and_who(url: str, server: SmtpServer) -> None:
    assert parse_smtp_url(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://x",
        "smtp://",
        "smtp://x:port",
        "smtp://x/path",
        "smtp://x?tls=1",
        "smtp+tls://x",
        "smtp://u:geheim@",
    ],
)
def test_n05_another_url_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_smtp_url(url)
    assert "geheim" not in str(caught.value)


def test_n05_a_password_is_not_shown_by_accident() -> None:
    assert "geheim" not in repr(parse_smtp_url("smtp://u:geheim@x"))
