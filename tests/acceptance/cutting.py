"""A network that breaks: a port that passes bytes on until enough came from the client, then cuts the connection.

It stays broken, or lets the next connection pass as if nothing had been.
"""

import contextlib
import math
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PIECE = 16_384


class Cutter:
    """Takes one connection at a time and passes it on to another port of this machine."""

    def __init__(self, *, port: int, after_bytes: int, comes_back: bool) -> None:
        self._target = port
        self._left: float = after_bytes
        self._comes_back = comes_back
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.has_cut = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._server.accept()
            if not self._comes_back:
                self._server.close()
            self._carry(client)
            self.has_cut.set()
            if self._comes_back:
                self._left = math.inf
                client, _ = self._server.accept()
                self._carry(client)

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            back = threading.Thread(target=_pass, args=(server, client), daemon=True)
            back.start()
            with contextlib.suppress(OSError):
                while self._left > 0 and (data := client.recv(PIECE)):
                    self._left -= len(data)
                    server.sendall(data)
            for end in (client, server):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            back.join()

    def close(self) -> None:
        """Stop."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for a connection
        self._server.close()
        self._thread.join(10)


def _pass(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(PIECE):
            target.sendall(data)


@contextmanager
def cut_after(size_bytes: int, *, port: int, comes_back: bool = False) -> Iterator[Cutter]:
    """Open a port that leads to another one, and breaks when so many bytes came from the client."""
    cutter = Cutter(port=port, after_bytes=size_bytes, comes_back=comes_back)
    try:
        yield cutter
    finally:
        cutter.close()
