"""A network that breaks: a port that passes bytes on until enough came from the client, then cuts the connection."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PIECE = 16_384


class Cutter:
    """Takes one connection at a time and passes it on to another port of this machine."""

    def __init__(self, *, port: int, after_bytes: int) -> None:
        self._target = port
        self._left = after_bytes
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.has_cut = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._server.accept()
            # Who comes back is not let in: the network is down.
            self._server.close()
            with client, socket.create_connection(("127.0.0.1", self._target)) as server:
                back = threading.Thread(target=_pass, args=(server, client), daemon=True)
                back.start()
                while self._left > 0 and (data := client.recv(PIECE)):
                    self._left -= len(data)
                    server.sendall(data)
                if self._left <= 0:
                    self.has_cut.set()
                for end in (client, server):
                    with contextlib.suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)
                back.join()

    def close(self) -> None:
        """Stop."""
        self._server.close()
        self._thread.join(10)


def _pass(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(PIECE):
            target.sendall(data)


@contextmanager
def cut_after(size_bytes: int, *, port: int) -> Iterator[Cutter]:
    """Open a port that leads to another one, and breaks when so many bytes came from the client."""
    cutter = Cutter(port=port, after_bytes=size_bytes)
    try:
        yield cutter
    finally:
        cutter.close()
