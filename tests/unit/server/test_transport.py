"""Canaries: a new asyncssh that renames or reshapes a private name fails here, with the name."""

import inspect
from collections.abc import Callable
from typing import Any

import asyncssh
import pytest
from asyncssh.connection import SSHConnection, SSHServerConnection
from asyncssh.constants import FXP_CLOSE, FXP_OPENDIR, FXP_WRITE
from asyncssh.sftp import SFTPServerHandler
from asyncssh.stream import SSHServerStreamSession

from server import transport
from server.transport.connection import ciphers_for


def parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_asyncssh_is_the_release_that_was_looked_at() -> None:
    assert asyncssh.__version__.startswith("2.24.")


@pytest.mark.parametrize(
    ("owner", "name", "expected"),
    [
        (SFTPServerHandler, "_cleanup", ["self", "exc"]),
        (SFTPServerHandler, "_process_packet", ["self", "pkttype", "pktid", "packet"]),
        (SFTPServerHandler, "_process_close", ["self", "packet"]),
        (SFTPServerHandler, "_process_opendir", ["self", "packet"]),
        (SFTPServerHandler, "_process_write", ["self", "packet"]),
        (SFTPServerHandler, "_process_limits", ["self", "packet"]),
        (SFTPServerHandler, "_get_next_handle", ["self"]),
        (SFTPServerHandler, "__init__", ["self", "server", "reader", "writer", "sftp_version"]),
        (SSHServerConnection, "reload_config", ["self"]),
        (SSHServerConnection, "_cleanup", ["self", "exc"]),
        (SSHConnection, "_force_close", ["self", "exc"]),
        (SSHConnection, "send_userauth_failure", ["self", "partial_success"]),
        (SSHServerConnection, "validate_public_key", ["self", "username", "key_data", "msg", "signature"]),
        (SSHConnection, "_send_disconnect", ["self", "code", "reason", "lang"]),
        (SSHConnection, "_login_timer_callback", ["self"]),
        (SSHConnection, "_send_kexinit", ["self"]),
        (SSHConnection, "_send_deferred_packets", ["self"]),
        (SSHConnection, "_process_kexinit", ["self", "_pkttype", "_pktid", "packet"]),
        (SSHConnection, "pause_writing", ["self"]),
        (SSHConnection, "resume_writing", ["self"]),
        (asyncssh.SSHServerChannel, "_accept_data", ["self", "data", "datatype"]),
        (asyncssh.SSHServerChannel, "_process_env_request", ["self", "packet"]),
        (asyncssh.SSHServerChannel, "_process_pty_req_request", ["self", "packet"]),
        (asyncssh.SSHServerChannel, "_process_x11_req_request", ["self", "packet"]),
        (
            asyncssh.SSHServerChannel,
            "_process_auth_agent_req_at_openssh_dot_com_request",
            ["self", "packet"],
        ),
        (asyncssh.SSHServerChannel, "_process_shell_request", ["self", "packet"]),
        (asyncssh.SSHServerChannel, "_process_exec_request", ["self", "packet"]),
        (SSHServerStreamSession, "session_started", ["self"]),
        (SSHServerStreamSession, "subsystem_requested", ["self", "subsystem"]),
        (SSHServerStreamSession, "signal_received", ["self", "signal"]),
        (SSHServerStreamSession, "soft_eof_received", ["self"]),
    ],
)
def test_a_private_method_is_what_it_was(owner: type, name: str, expected: list[str]) -> None:
    assert parameters(getattr(owner, name)) == expected


@pytest.mark.parametrize(
    ("method", "names"),
    [
        (SFTPServerHandler.__init__, ("self._file_handles", "self._dir_handles")),
        (SFTPServerHandler._cleanup, ("self._server.close(", "self._server.exit()")),
        (SSHConnection.__init__, ("self._login_timer", "self._channels", "self._owner", "self._transport")),
        (SSHConnection._recv_version, ("self._send_kexinit()", "self._kexinit_sent = True")),
        (SSHConnection._send_kexinit, ("NameList(self._enc_algs)", "self._kex_complete = False")),
        (
            SSHConnection.send_newkeys,
            ("self._kex_complete = True", "self._send_deferred_packets()"),
        ),
        (SSHConnection.send_packet, ("self._deferred_packets.append((pkttype, args))",)),
        (
            SSHConnection._process_kexinit,
            ("self._client_kexinit =", "if self._kexinit_sent:", "self._enc_algs,"),
        ),
        (SSHConnection.send_packet, ("self.send_packet(MSG_IGNORE",)),
        (SSHConnection.data_received, ("self._inpbuf += data",)),
        (SSHConnection._send_disconnect, ("self.send_packet(",)),
        (SSHConnection.connection_made, ("self._send_version()",)),
        (asyncssh.SSHServerChannel._process_env_request, ("self._env[",)),
    ],
)
def test_a_private_attribute_is_where_it_was(method: Callable[..., Any], names: tuple[str, ...]) -> None:
    source = inspect.getsource(method)
    assert [name for name in names if name not in source] == []


@pytest.mark.parametrize(
    ("client", "offered"),
    [
        ([b"chacha20-poly1305@openssh.com", b"aes128-gcm@openssh.com"], [b"aes128-gcm@openssh.com"]),
        ([b"aes128-ctr"], [b"aes256-gcm@openssh.com", b"aes128-gcm@openssh.com", b"aes128-ctr"]),
        ([b"aes256-cbc"], [b"aes256-gcm@openssh.com", b"aes128-gcm@openssh.com", b"aes128-ctr"]),
        ([], [b"aes256-gcm@openssh.com", b"aes128-gcm@openssh.com", b"aes128-ctr"]),
    ],
)
def test_a04_aes_gcm_is_offered_alone_to_clients_that_have_it(
    client: list[bytes], offered: list[bytes]
) -> None:
    ours = [b"aes256-gcm@openssh.com", b"aes128-gcm@openssh.com", b"aes128-ctr"]
    assert ciphers_for(ours, client=client) == offered


def test_u11_the_handler_offers_no_copies_and_no_hard_links() -> None:
    handlers = transport.Handler._packet_handlers
    assert b"copy-data" in SFTPServerHandler._packet_handlers
    assert b"ranges@asyncssh.com" in SFTPServerHandler._packet_handlers
    assert not {b"copy-data", b"ranges@asyncssh.com"} & handlers.keys()
    assert handlers[FXP_WRITE] is transport.Handler._process_write
    assert handlers[FXP_CLOSE] is transport.Handler._process_close
    assert handlers[FXP_OPENDIR] is transport.Handler._process_opendir
    offered = {name for name, _ in transport.Handler._extensions}
    assert not {b"vendor-id", b"hardlink@openssh.com", b"copy-data"} & offered
    assert {name for name in offered if name not in handlers} == set()


def test_u11_every_request_of_a_channel_but_sftp_is_refused() -> None:
    requests = {name for name in dir(asyncssh.SSHServerChannel) if name.endswith("_request")}
    ours = {name for name in vars(transport.Channel) if name.endswith("_request")}
    harmless = {
        "_process_request",
        "_finish_open_request",
        "_send_request",
        "_make_request",
        "_service_next_request",
        "_process_subsystem_request",
        "_process_window_change_request",
        "_process_signal_request",
        "_process_break_request",
        "_process_keepalive_at_openssh_dot_com_request",
        "_finish_x11_req_request",
        "_finish_agent_req_request",
    }
    assert requests - ours - harmless == set()
