"""`rosterdrop demo`: the whole story once, with real processes and a real SFTP client (section K)."""

import email
import email.policy
import signal
import tempfile
from pathlib import Path

from commands.demo_daemon import DemoFailedError, DemoHouse, command, output
from commands.demo_files import NORA, RIGHT_ADDRESS, TEAMS, USERS, WRONG_ADDRESS
from commands.demo_upload import Customer, customer
from commands.output import say

ORG = "007"


def demo() -> None:
    """Show in half a minute what rosterdrop does, in a temporary folder that is removed at the end.

    A daemon starts, an organization uploads its people by SFTP, one row is refused, corrected and sent again.

    Example: `rosterdrop demo`
    """
    for number in (
        signal.SIGTERM,
        signal.SIGHUP,
    ):  # as Ctrl-C: the daemon and the folder must not stay behind
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="rosterdrop-demo-") as name:
        house = DemoHouse(folder=Path(name))
        say("1. An operator starts the daemon in an empty folder; nothing else is needed.")
        command("rosterdrop serve --port 0")
        with house.daemon() as port:
            output(f"It listens on 127.0.0.1, port {port}.")
            _tell(house, port)
        say("\nThe daemon has ended in good order, and the temporary folder is gone.")
        say(
            "Next: `rosterdrop serve` and `rosterdrop org add NAME --owner EMAIL`; its five lines are for the customer."
        )


def _tell(house: DemoHouse, port: int) -> None:
    client = _add_mavericks(house, port)
    _upload(house, client)
    _correct(house, client)
    _look_round(house)


def _add_mavericks(house: DemoHouse, port: int) -> Customer:
    say("\n2. A customer is added. These five lines are all that its HR system needs.")
    words = ("org", "add", "Mavericks", "--id", ORG, "--owner", NORA, "--recipient", NORA)
    command(f"rosterdrop {' '.join(words)}")
    printed = house.run(*words)
    output(printed)
    details = dict(line.split(":", 1) for line in printed.splitlines())
    files = house.folder / "hr"
    files.mkdir()
    (files / "users.csv").write_text(USERS, "utf-8")
    (files / "teams.csv").write_text(TEAMS, "utf-8")
    return customer(
        folder=files,
        keys_dir=house.keys_dir,
        port=port,
        username=details["Username"].strip(),
        password=details["Password"].strip(),
    )


def _upload(house: DemoHouse, client: Customer) -> None:
    say("\n3. Its HR system uploads two files. One address in users.csv is wrong, on purpose.")
    files = house.folder / "hr"
    client.put(files / "users.csv")
    client.put(files / "teams.csv")
    _wait_for_imports(house, 2)
    house.show("imports", "list")
    say("\n   Everything but that one row was applied. What was refused, and why:")
    house.show("imports", "show", "1")


def _correct(house: DemoHouse, client: Customer) -> None:
    say(
        "\n4. The refused row waits in /error under the file's own header. Somebody corrects it and sends just that."
    )
    name = next((path.name for path in _folder(house, "error").glob("*.rejected.csv")), None)
    if name is None:
        raise DemoFailedError("The refused row is not in /error.")
    corrected = house.folder / "hr" / "corrected.csv"
    client.get(f"/error/{name}", corrected)
    text = corrected.read_text("utf-8")
    corrected.write_text(text.replace(WRONG_ADDRESS, RIGHT_ADDRESS), "utf-8")
    output(f"{WRONG_ADDRESS} -> {RIGHT_ADDRESS}")
    client.put(corrected)
    _wait_for_imports(house, 3)
    house.show("imports", "list", "--limit", "1")


def _look_round(house: DemoHouse) -> None:
    say("\n5. The directory as your product reads it:")
    house.show("users", "list", "--org", ORG)
    house.show("teams", "list", "--org", ORG)
    house.show("users", "show", ORG, RIGHT_ADDRESS)
    say("\n6. What the customer sees in its folder: each file where it belongs, with a report beside it.")
    for folder in ("local", "archive", "error"):
        names = sorted(path.name for path in _folder(house, folder).iterdir())
        output(
            "\n".join([f"/{folder}", *(f"    {name}" for name in names)] if names else [f"/{folder} (empty)"])
        )
    say("\n7. The mail that its recipient got about the first file:")
    output(_first_mail(house))


def _wait_for_imports(house: DemoHouse, count: int) -> None:
    """Wait until so many are filed and their mails are out."""

    def done() -> bool:
        if (
            sum(1 for folder in ("archive", "error") for _ in _folder(house, folder).glob("*.report.html"))
            < count
        ):
            return False  # a look at the disk costs less than a command
        imports = house.json("imports", "list", "--org", ORG)
        if sum(1 for one in imports if one["archived_as"]) < count:
            return False
        return sum(1 for mail in house.json("mail", "list") if mail["state"] == "sent") >= count

    house.wait_for(f"{count} imports", done)


def _folder(house: DemoHouse, name: str) -> Path:
    return house.data_dir / "orgs" / ORG / name


def _first_mail(house: DemoHouse) -> str:
    for path in sorted((house.data_dir / "mail").rglob("*.eml"), key=lambda path: path.stat().st_mtime_ns):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = message.get_body(("plain",))
        if body is not None and "users.csv" in str(message["Subject"]):
            text = "\n".join(body.get_content().strip().splitlines())
            return f"To: {message['To']}\nSubject: {message['Subject']}\n\n{text}"
    raise DemoFailedError("No mail about the first file was written.")
