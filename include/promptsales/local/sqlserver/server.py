"""The TDS listener: pysqlbridge's login sequence, then one thread and one `Session` for each client."""

from __future__ import annotations

import hmac
import logging
import re
import socket
import socketserver
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from pysqlbridge.certificate import Certificate, self_signed
from pysqlbridge.tds.batch import parse_sql_batch
from pysqlbridge.tds.connection import Connection, ConnectionState
from pysqlbridge.tds.login import deobfuscate_password
from pysqlbridge.tds.packet import PacketStatus, PacketType, TdsProtocolError, next_session_id
from pysqlbridge.tds.result import QueryError
from pysqlbridge.tds.rpc import RpcRequest, parse_rpc
from pysqlbridge.tds.tls import TlsTunnel
from pysqlbridge.tds.token import DoneStatus, done, error_response, login_response

from promptsales.local.sqlserver import DATABASES
from promptsales.local.sqlserver.errors import no_procedure, sql_error
from promptsales.local.sqlserver.session import Backend, Session

PACKET_BYTES = 32_767
"""The largest TDS packet a client can be told to use: fewer, larger packets cost both sides less."""

LOGIN_SECONDS = 10
_HEADER = struct.Struct(">BBHHBB")
_SERVER_NAME = "PromptSales stand-in"
_RESET = PacketStatus.RESET_CONNECTION | PacketStatus.RESET_CONNECTION_SKIP_TRAN

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Access:
    """Who may log in, to what, and how PostgreSQL is reached for them."""

    postgres_url: str
    passwords: Mapping[str, str]
    max_rows: int

    def open(self, user: str, password: str, database: str) -> tuple[Backend, str]:
        """A PostgreSQL connection for a TDS login, and the database's proper name.

        Raises:
            QueryError: 18456 for a bad name or password, 4060 for a database that is not served.
        """
        expected = self.passwords.get(user.lower(), "")
        if not (expected and hmac.compare_digest(expected.encode(), password.encode())):
            raise sql_error(18456, f"Login failed for user '{user}'.")
        name = next((name for name in DATABASES if name.lower() == database.lower()), None)
        if name is None:
            raise sql_error(4060, f'Cannot open database "{database}" requested by the login. The login failed.')
        conninfo = make_conninfo(
            self.postgres_url,
            dbname=name.lower(),
            user=user.lower(),
            password=password,
            options=f"-c search_path=dbo,tsql -c timezone=UTC -c promptsales.database={name}",
            application_name="promptsales-sqlserver-standin",
        )
        return Backend.connect(conninfo, autocommit=True), name


class Login(Connection):  # type: ignore[misc]  # pysqlbridge is untyped
    """The login sequence, deciding with `Access` whom it admits and announcing our packet size."""

    def __init__(self, certificate: Certificate, access: Access) -> None:
        super().__init__(certificate, server_name=_SERVER_NAME)
        self._access = access
        self.backend: Backend | None = None
        self.database = ""

    def _answer_sql_login(self, responses: list[bytes]) -> bool:
        login = self._login
        try:
            self.backend, self.database = self._access.open(
                login.user_name, deobfuscate_password(login.password), login.database
            )
        except QueryError as error:
            refusal = error_response(
                error.number, str(error), server=_SERVER_NAME, severity=error.severity, tds_version=self._tds_version
            )
            self._send(responses, refusal)
            self._state = ConnectionState.FAILED
            return True
        self._spid = next_session_id()
        accepted = login_response(
            version=(self._version.major, self._version.minor, self._version.build),
            server_name=_SERVER_NAME,
            database=self.database,
            packet_size=PACKET_BYTES,
            tds_version=self._tds_version,
        )
        self._send(responses, accepted)
        self._state = ConnectionState.READY
        return True

    @property
    def tds_version(self) -> int:
        """The protocol version that was agreed."""
        return int(self._tds_version)

    @property
    def tunnel(self) -> TlsTunnel | None:
        """The TLS tunnel, when the client asked to keep it after the login."""
        return self._tunnel if self._session_encrypted else None


class Channel:
    """TDS messages over a socket whose login is done."""

    def __init__(self, connection: socket.socket, tunnel: TlsTunnel | None) -> None:
        self._socket = connection
        self._tunnel = tunnel
        self._plain = bytearray()
        self._out = bytearray()

    def receive(self) -> tuple[PacketType, PacketStatus, bytes] | None:
        """The next request, or None when the client hung up."""
        parts: list[bytes] = []
        while True:
            header = self._exactly(_HEADER.size)
            if header is None:
                return None
            kind, status, length, *_ = _HEADER.unpack(header)
            body = self._exactly(length - _HEADER.size)
            if body is None:
                return None
            parts.append(body)
            if status & PacketStatus.END_OF_MESSAGE:
                return PacketType(kind), PacketStatus(status), b"".join(parts)

    def _exactly(self, count: int) -> bytes | None:
        # Never read beyond the message: what stays in the socket is how a waiting statement sees a cancellation.
        while self._tunnel is not None and len(self._plain) < count:
            if not (data := self._socket.recv(65_536)):
                return None
            self._plain += self._tunnel.unwrap(data)
        if self._tunnel is not None:
            data = bytes(self._plain[:count])
            del self._plain[:count]
            return data
        data = self._socket.recv(count, socket.MSG_WAITALL) if count else b""
        # A signal, or a debugger that attaches, ends the waiting for all of it.
        while len(data) < count:
            if not (more := self._socket.recv(count - len(data), socket.MSG_WAITALL)):
                return None
            data += more
        return data

    def write(self, tokens: bytes) -> None:
        """Queue a part of the answer; whole packets go out."""
        self._out += tokens
        body = PACKET_BYTES - _HEADER.size
        whole = (len(self._out) - 1) // body * body
        if whole > 0:
            self._send([self._out[at : at + body] for at in range(0, whole, body)], PacketStatus.NORMAL)
            del self._out[:whole]

    def finish(self) -> None:
        """End the answer."""
        self._send([self._out], PacketStatus.END_OF_MESSAGE)
        self._out = bytearray()

    def _send(self, bodies: list[bytearray], status: PacketStatus) -> None:
        packets = bytearray()
        for body in bodies:
            packets += _HEADER.pack(PacketType.TABULAR_RESULT, status, _HEADER.size + len(body), 0, 1, 0) + body
        self._socket.sendall(self._tunnel.wrap(bytes(packets)) if self._tunnel else packets)


class _Handler(socketserver.BaseRequestHandler):
    server: StandIn

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if (login := self._log_in()) is not None:
                self._serve(login)
        except (OSError, TdsProtocolError, psycopg.OperationalError) as error:
            log.info("a client's connection ended: %s", error)

    def _log_in(self) -> Login | None:
        login = Login(self.server.certificate, self.server.access)
        self.request.settimeout(LOGIN_SECONDS)
        while login.state not in (ConnectionState.READY, ConnectionState.FAILED):
            if not (data := self.request.recv(65_536)):
                return None
            for response in login.receive(data):
                self.request.sendall(response)
        self.request.settimeout(None)
        return login if login.backend is not None else None

    def _serve(self, login: Login) -> None:
        assert login.backend is not None
        channel = Channel(self.request, login.tunnel)
        login.backend.client = self.request
        session = Session(
            login.backend,
            channel.write,
            database=login.database,
            max_rows=self.server.access.max_rows,
            tds_version=login.tds_version,
        )
        try:
            while (message := channel.receive()) is not None:
                kind, status, payload = message
                if status & _RESET:
                    session.reset()
                self._answer(session, channel.write, kind, payload, login.tds_version)
                channel.finish()
        finally:
            session.close()

    def _answer(
        self, session: Session, write: Callable[[bytes], None], kind: PacketType, payload: bytes, version: int
    ) -> None:
        if kind is PacketType.SQL_BATCH:
            session.batch(parse_sql_batch(payload, version), {})
        elif kind is PacketType.RPC:
            call = parse_rpc(payload, version)
            if call.sql is None:
                error = no_procedure(call.procedure)
                write(error_response(error.number, str(error), server=_SERVER_NAME, tds_version=version))
            else:
                session.batch(call.sql, _parameters(call))
        elif kind is PacketType.ATTENTION:
            write(done(status=DoneStatus.FINAL | DoneStatus.ATTENTION, tds_version=version))
        else:
            raise TdsProtocolError(f"the stand-in takes no {kind.name} messages")


def _parameters(call: RpcRequest) -> dict[str, Any]:
    """The values of sp_executesql's parameters: by name, or in the order its second argument declares."""
    values = call.parameters[2:]
    declared = re.findall(r"@\w+", str(call.parameters[1].value)) if len(call.parameters) > 1 else []
    return {(value.name or name).lower(): value.value for name, value in zip(declared, values, strict=False)} | {
        value.name.lower(): value.value for value in values if value.name
    }


class StandIn(socketserver.ThreadingTCPServer):
    """Listens on a loopback address and gives every client a thread."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], access: Access) -> None:
        self.access = access
        self.certificate = self_signed("localhost")
        super().__init__(address, _Handler)
