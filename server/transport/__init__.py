"""The only room that uses private names of asyncssh (2.24); each has a canary in its test.

Here are: the flag that tells a client's CLOSE from a dying session's, backpressure, the last WRITE of rclone, the
refusal of everything that is not SFTP, the goodbye whose text arrives, options that are not read again, public keys
whose proof is told from a question about them, a login in two steps, options that depend on the address, and listings
that are closed.
"""

from server.transport.channel import Channel, Session, open_session
from server.transport.connection import Connection, Doorway, Welcome, channels_of, offer_host_keys
from server.transport.handler import Handler, Lines, Room

__all__ = [
    "Channel",
    "Connection",
    "Doorway",
    "Handler",
    "Lines",
    "Room",
    "Session",
    "Welcome",
    "channels_of",
    "offer_host_keys",
    "open_session",
]
