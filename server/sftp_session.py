"""What the SFTP sessions of organizations and of support share: counting, idle time, goodbye (rules U9, U11)."""

from asyncssh import SSHServerChannel

from server.grounds import Grounds
from server.refusing import RefusingRoom
from server.visitor import Visitor
from server.visits import Visit


class SftpSession(RefusingRoom):
    """One channel of one visit, counted while it is open."""

    def __init__(
        self, *, channel: SSHServerChannel[bytes], grounds: Grounds, visit: Visit, visitor: Visitor
    ) -> None:
        super().__init__(channel)
        self._grounds = grounds
        self._visit = visit
        self._visitor = visitor
        self._quick = grounds.threads.quick
        visitor.sessions.add(self)
        grounds.channels += 1

    @property
    def is_uploading(self) -> bool:
        """Whether a file is open for writing, or being stored."""
        return False

    def ends(self) -> None:
        """The session ends: what is still open was not closed by the client."""

    def lost(self) -> None:
        """The connection is gone."""

    def asked(self) -> None:
        """A request came."""
        self._visitor.asked()

    def ended(self) -> None:
        """Everything is closed."""
        self._grounds.channels -= 1
        self._visitor.sessions.discard(self)

    def exit(self) -> None:
        """Rule U11: end with exit status 0, which OpenSSH scp waits for."""
        self.channel.exit(0)

    def max_handles(self) -> int:
        """Return what clients are told of rule U9."""
        return self._grounds.settings.max_handles_per_session
