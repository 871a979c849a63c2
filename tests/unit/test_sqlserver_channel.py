"""TDS messages over a socket: whole, whatever interrupts the reading."""

from __future__ import annotations

import signal
import socket
import struct
import threading
import time

import pytest
from pysqlbridge.tds.packet import PacketStatus, PacketType

from promptsales.local.sqlserver.server import Channel

BODY = bytes(range(200))
PACKET = struct.pack(">BBHHBB", PacketType.SQL_BATCH, PacketStatus.END_OF_MESSAGE, 8 + len(BODY), 0, 1, 0) + BODY


@pytest.mark.parametrize("cut", [3, 8, 100])
def test_a_signal_does_not_cut_a_message_off(cut: int) -> None:
    ours, theirs = socket.socketpair()
    interrupted = threading.Event()
    previous = signal.signal(signal.SIGALRM, lambda *_: interrupted.set())

    def send_in_two() -> None:
        theirs.sendall(PACKET[:cut])
        time.sleep(0.1)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGALRM)
        interrupted.wait(10)
        theirs.sendall(PACKET[cut:])

    sender = threading.Thread(target=send_in_two)
    try:
        with ours, theirs:
            sender.start()
            assert Channel(ours, None).receive() == (PacketType.SQL_BATCH, PacketStatus.END_OF_MESSAGE, BODY)
            assert interrupted.is_set()
    finally:
        sender.join()
        signal.signal(signal.SIGALRM, previous)


def test_a_client_that_hangs_up_in_a_message_sent_none() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(PACKET[:100])
        theirs.close()
        assert Channel(ours, None).receive() is None
