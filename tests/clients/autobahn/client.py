"""A WebSocket client that does what a case of Autobahn's asks for, right or wrong, and notes how the connection ended."""

import asyncio
import base64
import os
import struct
import types

# Seconds that the server has to close the TCP connection in, once both have said goodbye.
DROP_S = 1


def octets(payload):
    """Of a string as Python 2 had them, or of octets."""
    return payload if isinstance(payload, bytes) else payload.encode("latin-1")


class Client:
    """What a case calls `self.p`. Its names are Autobahn's."""

    MESSAGE_TYPE_TEXT, MESSAGE_TYPE_BINARY = 1, 2
    STATE_CLOSED, STATE_CONNECTING, STATE_CLOSING, STATE_OPEN = 0, 1, 2, 3
    CLOSE_STATUS_CODE_NORMAL = 1000
    CLOSE_STATUS_CODE_GOING_AWAY = 1001
    CLOSE_STATUS_CODE_PROTOCOL_ERROR = 1002
    CLOSE_STATUS_CODE_UNSUPPORTED_DATA = 1003
    CLOSE_STATUS_CODE_INVALID_PAYLOAD = 1007
    CLOSE_STATUS_CODE_POLICY_VIOLATION = 1008
    CLOSE_STATUS_CODE_MESSAGE_TOO_BIG = 1009
    CLOSE_STATUS_CODES_ALLOWED = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011]

    def __init__(self, host, port, path):
        self.host, self.port, self.path = host, port, path
        self.factory = types.SimpleNamespace(isServer=False)
        self.state = self.STATE_CONNECTING
        self.connectionWasOpen = False
        self.closedByMe = self.failedByMe = self.droppedByMe = self.wasClean = False
        self.localCloseCode = self.localCloseReason = self.remoteCloseCode = self.remoteCloseReason = None
        self.autoFragmentSize = 0
        self.createWirelog = True
        self.trafficStats = None
        self.txFrameStats = {0: 0, 1: 0}
        self.timers = []
        self.message = self.frame_left = None

    async def run(self, case):
        """Runs a case to the end of its connection."""
        self.case = case
        loop = asyncio.get_running_loop()
        self.later = loop.call_later
        reader, self.writer = await asyncio.open_connection(self.host, self.port, limit=1 << 25)
        try:
            await self.upgrade(reader)
            self.state, self.connectionWasOpen = self.STATE_OPEN, True
            case.onOpen()
            await self.read(reader)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.state = self.STATE_CLOSED
            for timer in self.timers:
                timer.cancel()
            self.writer.close()
        case.onConnectionLost(self.failedByMe)

    async def upgrade(self, reader):
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {self.path} HTTP/1.1",
            f"Host: {self.host}:{self.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            raise RuntimeError(f"the upgrade is refused: {head[:100]!r}")

    async def read(self, reader):
        parts, kind = [], None
        while True:
            first, second = await reader.readexactly(2)
            fin, rsv, opcode, length = first & 128, first & 112, first & 15, second & 127
            if rsv or second & 128:
                return self.failConnection()
            if length == 126:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", await reader.readexactly(8))
            payload = await reader.readexactly(length)
            if opcode == 8:
                return await self.told_goodbye(reader, payload)
            if opcode == 9:
                self.sendFrame(10, payload)
                self.case.onPing(payload.decode("latin-1"))
            elif opcode == 10:
                self.case.onPong(payload.decode("latin-1"))
            else:
                if (kind is None) == (opcode == 0):
                    return self.failConnection()
                kind = kind or opcode
                parts.append(payload)
                if fin:
                    message, binary = b"".join(parts), kind == 2
                    parts, kind = [], None
                    if not binary:
                        message.decode()
                    self.case.onMessage(message.decode("latin-1"), binary)

    async def told_goodbye(self, reader, payload):
        if payload:
            self.remoteCloseCode = struct.unpack("!H", payload[:2])[0]
            self.remoteCloseReason = payload[2:].decode()
        self.wasClean = True
        if self.state == self.STATE_OPEN:
            self.state = self.STATE_CLOSING
            self.sendFrame(8, payload[:2])
        # The server closes the TCP connection first (RFC 6455, 7.1.1).
        try:
            await asyncio.wait_for(self.dropped(reader), DROP_S)
        except asyncio.TimeoutError:
            self.droppedByMe = True

    @staticmethod
    async def dropped(reader):
        while await reader.read(1 << 16):
            pass

    # --- what cases call ---

    def sendFrame(self, opcode, payload="", fin=True, rsv=0, mask=None, payload_len=None, chopsize=None, sync=False):
        payload = octets(payload)
        if payload_len is not None:
            times, rest = divmod(payload_len, len(payload)) if payload else (0, 0)
            payload = payload * times + payload[:rest]
        mask = octets(mask) if mask else os.urandom(4)
        header = bytes([(128 if fin else 0) | rsv % 8 << 4 | opcode % 16])
        frame = header + self.length(len(payload)) + mask + masked(payload, mask)
        self.txFrameStats[opcode] = self.txFrameStats.get(opcode, 0) + 1
        for at in range(0, len(frame), chopsize or len(frame)):
            self.writer.write(frame[at : at + (chopsize or len(frame))])

    @staticmethod
    def length(length):
        if length < 126:
            return bytes([128 | length])
        return bytes([254]) + struct.pack("!H", length) if length < 1 << 16 else bytes([255]) + struct.pack("!Q", length)

    def sendMessage(self, payload, isBinary=False, fragmentSize=None):
        payload = octets(payload)
        size = fragmentSize or self.autoFragmentSize or max(len(payload), 1)
        pieces = [payload[at : at + size] for at in range(0, len(payload), size)] or [b""]
        for number, piece in enumerate(pieces):
            opcode = 0 if number else (2 if isBinary else 1)
            self.sendFrame(opcode, piece, fin=number == len(pieces) - 1)

    def beginMessage(self, opcode=1):
        self.message = opcode

    def beginMessageFrame(self, length):
        """The header of a frame whose payload comes piece by piece."""
        self.frame_mask, self.frame_at = os.urandom(4), 0
        self.writer.write(bytes([self.message]) + self.length(length) + self.frame_mask)
        self.message = 0

    def sendMessageFrameData(self, payload):
        payload = octets(payload)
        turned = self.frame_mask[self.frame_at % 4 :] + self.frame_mask[: self.frame_at % 4]
        self.writer.write(masked(payload, turned))
        self.frame_at += len(payload)

    def endMessage(self):
        self.sendFrame(0, "")

    def sendClose(self, code=None, reason=None):
        if self.state == self.STATE_OPEN:
            self.closedByMe = True
            self.state = self.STATE_CLOSING
            self.sendCloseFrame(code, reason and octets(reason))

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        """What a case sends by this is a goodbye of its own, however wrong."""
        self.closedByMe = not isReply
        self.state = self.STATE_CLOSING
        self.localCloseCode, self.localCloseReason = code, reasonUtf8
        payload = b"" if code is None else struct.pack("!H", code)
        self.sendFrame(8, payload + octets(reasonUtf8 or b""))

    def failConnection(self):
        self.failedByMe = self.droppedByMe = True
        self.writer.transport.abort()

    def continueLater(self, delay, then, tag=None):
        self.timers.append(self.later(delay, lambda: self.state != self.STATE_CLOSED and then()))

    def killAfter(self, delay):
        self.continueLater(delay, self.failConnection)

    def closeAfter(self, delay):
        self.continueLater(delay, self.sendClose)

    def enableWirelog(self, enable):
        self.createWirelog = enable


def masked(payload, mask):
    if not payload:
        return b""
    times = len(payload) // 4 + 1
    whole = int.from_bytes((mask * times)[: len(payload)], "big")
    return (int.from_bytes(payload, "big") ^ whole).to_bytes(len(payload), "big")
