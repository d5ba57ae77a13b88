"""The only room that uses private names of asyncssh (2.24); each has a canary in its test.

Here are: the flag that tells a client's CLOSE from a dying session's, backpressure, the last WRITE of rclone, the
refusal of everything that is not SFTP, the goodbye whose text arrives, options that are not read again, public keys
whose proof is told from a question about them, a login in two steps, options that depend on the address, and listings
that are closed. The modules `fast_*` make uploads fast and can be left out (`ROSTERDROP_FAST_TRANSPORT`).
"""

from server.transport.channel import Channel, Session
from server.transport.connection import Connection, Doorway, Welcome, channels_of, offer_host_keys
from server.transport.fast_connection import Buffers, FastConnection, open_session
from server.transport.handler import Handler, Lines, Room
from server.transport.opening import CAN_OPEN

__all__ = [
    "CAN_OPEN",
    "Buffers",
    "Channel",
    "Connection",
    "Doorway",
    "FastConnection",
    "Handler",
    "Lines",
    "Room",
    "Session",
    "Welcome",
    "channels_of",
    "offer_host_keys",
    "open_session",
]
