"""One user at one socket of the stock client. The client is PyPI's, unmodified and with its default options; only the
credentials are added. What is here keeps what arrived and turns receipts and refusals into return values."""

import itertools
import json

import stomp
from stomp.adapter.ws import WSStompConnection

from until import until

REPLIES = "/user/queue/replies"


class Refused(Exception):
    """A SEND that was REFUSED."""

    def __init__(self, reply):
        super().__init__(f"{reply['status']} {reply['detail']}")
        self.reply = reply


def room_topic(room_id):
    """Where a room's messages come from."""
    return f"/chat/topic/room/{room_id}"


def presence_topic(room_id):
    """Where a room's presence changes come from."""
    return f"/chat/topic/presence/{room_id}"


class _Listener(stomp.ConnectionListener):
    """Sorts what arrives, on the client's own thread."""

    def __init__(self, replies_id):
        self._replies_id = replies_id
        self.lists = {}
        self.replies = []
        self.receipts = {}
        self.errors = []
        self.gone = False

    def on_message(self, frame):
        body = json.loads(frame.body)
        subscription = frame.headers["subscription"]
        if subscription == self._replies_id:
            self.replies.append(body)
        else:
            self.lists[subscription].append((dict(frame.headers), body))

    def on_receipt(self, frame):
        self.receipts[frame.headers["receipt-id"]] = dict(frame.headers)

    def on_error(self, frame):
        self.errors.append((dict(frame.headers), frame.body))

    def on_disconnected(self):
        self.gone = True


class Chatter:
    """Connected to the server's next node, and subscribed to the replies, when the constructor returns."""

    def __init__(self, server, token, by="passcode"):
        self._ids = itertools.count(1)
        self._listener = _Listener("replies")
        self._connection = WSStompConnection([("127.0.0.1", server.next_port())], ws_path="/ws-chat")
        self._connection.set_listener("roomtone-test", self._listener)
        credentials = {"passcode": token} if by == "passcode" else {"headers": {"Authorization": f"Bearer {token}"}}
        self._connection.connect(wait=True, **credentials)
        self._subscribe(REPLIES, "replies", {})

    @property
    def replies(self):
        """Everything that came on the replies queue, in order."""
        return self._listener.replies

    @property
    def errors(self):
        """ERROR frames: there should be none."""
        return self._listener.errors

    @property
    def gone(self):
        """Whether the connection is over."""
        return self._listener.gone

    def subscribe(self, destination, **headers):
        """Subscribes, and gives the list that grows with what arrives: `(headers, body)`."""
        subscription = f"sub-{next(self._ids)}"
        arrived = self._listener.lists[subscription] = []
        self._subscribe(destination, subscription, headers)
        return arrived

    def send(self, destination, body):
        """Sends, and gives the RECEIPT's headers; raises Refused."""
        return self.receipted(self.post(destination, body))

    def post(self, destination, body):
        """Sends and goes on; gives the receipt's name."""
        receipt = f"receipt-{next(self._ids)}"
        self._connection.send(destination, json.dumps(body, ensure_ascii=False), "application/json", receipt=receipt)
        return receipt

    def join(self, room_id):
        """Joins, and gives the JOINED reply."""
        before = len(self.replies)
        self.send("/chat/pub/join", {"roomId": room_id})
        return self.reply(lambda r: r["type"] == "JOINED" and r["room"]["id"] == room_id, before)

    def say(self, room_id, content, **more):
        """Says something, and gives the id that its RECEIPT named."""
        return self.send("/chat/pub/send", {"roomId": room_id, "content": content, **more})["message-id"]

    def leave(self, room_id, last_read_message_id=None):
        mark = {} if last_read_message_id is None else {"lastReadMessageId": last_read_message_id}
        return self.send("/chat/pub/leave", {"roomId": room_id, **mark})

    def exit(self, room_id):
        return self.send("/chat/pub/exit", {"roomId": room_id})

    def presence(self, room_id, presence):
        return self.send("/chat/pub/presence", {"roomId": room_id, "presence": presence})

    def reply(self, fits, start=0):
        """The first reply that fits, counted from the `start`th."""
        found = lambda: next((r for r in list(self.replies)[start:] if fits(r)), None)
        return until(found, lambda: f"a reply that fits; there are {self.replies}")

    def disconnect(self):
        """Says goodbye, and returns when its RECEIPT came and the socket is closed."""
        if self._connection.is_connected():
            self._connection.disconnect()
        until(lambda: self.gone, "DISCONNECT is receipted and the socket closed")

    def _subscribe(self, destination, subscription, headers):
        receipt = f"receipt-{next(self._ids)}"
        self._connection.subscribe(destination, subscription, receipt=receipt, **headers)
        self.receipted(receipt)

    def receipted(self, receipt):
        """Waits for the RECEIPT of what was posted, and gives its headers; raises Refused."""
        listener = self._listener
        refusal = lambda: next((r for r in list(listener.replies) if r.get("receipt") == receipt), None)
        settled = lambda: receipt in listener.receipts or refusal() or listener.gone
        until(settled, lambda: f"receipt or refusal of {receipt}; errors: {listener.errors}")
        if receipt in listener.receipts:
            return listener.receipts[receipt]
        if refusal():
            raise Refused(refusal())
        raise AssertionError(f"the connection was lost; errors: {listener.errors}")


def contents(arrived, message_type="TALK"):
    """The contents of the messages of this type that arrived, in order."""
    return [body["content"] for _, body in list(arrived) if body["messageType"] == message_type]


def heard(arrived, content):
    """Waits until a message with this content has arrived, and gives it."""
    found = lambda: next((message for message in list(arrived) if message[1].get("content") == content), None)
    return until(found, lambda: f"“{content}” arrives; there is {[body for _, body in arrived]}")
