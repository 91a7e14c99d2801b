"""Three users of PyPI's stock client in a room, from the first join to the last word they are let hear.

The first two log in by `passcode`, as stomp.py users do; the third by an Authorization header."""

import time
import unittest

from api import Api, Problem, new_user
from chatter import Chatter, Refused, contents, heard, presence_topic, room_topic
from server import Server
from until import becomes, until

# Longer than the 20 s after which the server closes a socket that does not answer.
SILENCE_S = 25


def entered(user):
    return f"{user.nickname}님이 입장하였습니다."


def exited(user):
    return f"{user.nickname}님이 퇴장하였습니다."


class Seat:
    """Somebody at a socket, with what they heard in one room."""

    def __init__(self, user, chatter, arrived):
        self.user, self.chatter, self.arrived = user, chatter, arrived


class Journey(unittest.TestCase):
    """Each test has rooms and users of its own on one server."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)
        cls.api = Api(cls.server)

    def connect(self, user, by="passcode"):
        chatter = Chatter(self.server, self.api.token(user), by)
        self.addCleanup(self._end, chatter)
        return chatter

    def _end(self, chatter):
        chatter.disconnect()
        self.assertEqual(chatter.errors, [], "nobody got an ERROR frame")

    def room_with_owner(self):
        """A room whose owner listens in it."""
        owner = new_user("Sky")
        room_id = self.api.create_room(owner)["id"]
        chatter = self.connect(owner)
        return room_id, Seat(owner, chatter, chatter.subscribe(room_topic(room_id)))

    def joiner(self, room_id, by="passcode"):
        """A user who subscribed to the room and joined it."""
        user = new_user()
        chatter = self.connect(user, by)
        arrived = chatter.subscribe(room_topic(room_id))
        chatter.join(room_id)
        return Seat(user, chatter, arrived)

    def card(self, user, room_id):
        """What the user's list says of the room: the unread, the mark, the newest message."""
        room = self.api.joined_room(user, room_id)
        return room["unreadCount"], room.get("lastReadMessageId"), room.get("lastMessage", {}).get("id")

    def test_subscribe_first_then_join_hears_oneself_enter(self):
        room_id, owner = self.room_with_owner()
        user = new_user()
        chatter = self.connect(user)
        own = chatter.subscribe(room_topic(room_id))
        reply = chatter.join(room_id)
        self.assertEqual(reply["presence"], "on")
        self.assertEqual(reply["currentMusicId"], reply["nowPlaying"]["musicId"])
        _, body = heard(own, entered(user))
        self.assertEqual([message["messageType"] for _, message in own], ["ENTER"])
        self.assertEqual(heard(owner.arrived, entered(user))[1], body)

    def test_join_first_then_subscribe_hears_all_that_follows(self):
        room_id, owner = self.room_with_owner()
        user = new_user()
        chatter = self.connect(user)
        chatter.join(room_id)
        heard(owner.arrived, entered(user))
        own = chatter.subscribe(room_topic(room_id))
        owner.chatter.say(room_id, "어서 와요")
        heard(own, "어서 와요")
        self.assertEqual(contents(own), ["어서 와요"])

    def test_one_enter_however_often_and_from_however_many_sockets(self):
        room_id, owner = self.room_with_owner()
        user = new_user()
        sockets = [self.connect(user) for _ in range(3)]
        posted = [(s, s.post("/chat/pub/join", {"roomId": room_id})) for s in sockets for _ in range(2)]
        for socket, receipt in posted:
            socket.receipted(receipt)
        sockets[0].join(room_id)
        owner.chatter.say(room_id, "that was all")
        heard(owner.arrived, "that was all")
        self.assertEqual(contents(owner.arrived, "ENTER"), [entered(user)])
        becomes(lambda: self.api.joined_room(owner.user, room_id)["userCount"], 2, "the members")

    def test_what_is_said_reaches_everybody_once_in_one_order_and_receipts_name_it(self):
        room_id, owner = self.room_with_owner()
        seats = [owner, self.joiner(room_id), self.joiner(room_id, by="authorization")]
        posted = []
        for n in range(5):
            for who, seat in enumerate(seats):
                body = {"roomId": room_id, "content": f"{who}: {n} 🎵 한글"}
                posted.append((seat.chatter, seat.chatter.post("/chat/pub/send", body), body["content"]))
        said = {chatter.receipted(receipt)["message-id"]: content for chatter, receipt, content in posted}
        self.assertEqual(len(said), 15)
        for seat in seats:
            talk = lambda: [(h, b) for h, b in list(seat.arrived) if b["messageType"] == "TALK"]
            until(lambda: len(talk()) >= 15, lambda: f"all fifteen arrive; there are {len(talk())}")
            self.assertEqual({body["id"]: body["content"] for _, body in talk()}, said)
            self.assertEqual([body["id"] for _, body in talk()], sorted(said), "ids sort in the order of arrival")
            for headers, body in talk():
                self.assertEqual(headers["message-id"], body["id"])
                self.assertEqual(headers["destination"], room_topic(room_id))
                self.assertTrue(headers["content-type"].startswith("application/json"))
        for who in range(3):
            own = [content for content in contents(owner.arrived) if content.startswith(f"{who}:")]
            self.assertEqual(own, [f"{who}: {n} 🎵 한글" for n in range(5)], "a socket's SENDs keep their order")
        was_heard = [body for _, body in owner.arrived]
        becomes(lambda: self.api.history(owner.user, room_id), was_heard, "history is what was heard")

    def test_off_and_on_are_told_once_each_and_who_is_off_is_refused(self):
        room_id, owner = self.room_with_owner()
        changes = owner.chatter.subscribe(presence_topic(room_id))
        guest = self.joiner(room_id)
        told = lambda: [body["presence"] for _, body in list(changes) if body["uid"] == guest.user.uid]
        until(lambda: len(told()) == 1, "on is told")

        guest.chatter.presence(room_id, "off")
        guest.chatter.reply(lambda r: r["type"] == "PRESENCE" and r["presence"] == "off")
        until(lambda: len(told()) == 2, "off is told")
        becomes(lambda: self.api.presence(owner.user, room_id, "off"), [guest.user.uid], "who is off")
        with self.assertRaises(Refused) as refused:
            guest.chatter.say(room_id, "not heard")
        self.assertEqual(refused.exception.reply["status"], 403)
        self.assertEqual(refused.exception.reply["roomId"], room_id)

        guest.chatter.presence(room_id, "on")
        guest.chatter.say(room_id, "heard")
        heard(owner.arrived, "heard")
        self.assertEqual(contents(owner.arrived), ["heard"])

        guest.chatter.leave(room_id)
        until(lambda: len(told()) == 4, "that the only socket left is told")
        self.assertEqual(told(), ["on", "off", "on", "off"])
        self.assertEqual(changes[-1][1]["onCount"], 1)

    def test_five_missed_messages_are_the_same_five_in_unread_reentry_and_resume(self):
        room_id, owner = self.room_with_owner()
        guest, other = self.joiner(room_id), self.joiner(room_id)
        read_id = owner.chatter.say(room_id, "read")
        heard(guest.arrived, "read")
        guest.chatter.leave(room_id, read_id)

        missed = ["하나", "둘", "셋", "넷", "다섯"]
        ids = [(other if n % 2 else owner).chatter.say(room_id, content) for n, content in enumerate(missed)]

        becomes(lambda: self.card(guest.user, room_id), (5, read_id, ids[-1]), "the room in the list")
        reentry = lambda: self.api.reentry(guest.user, room_id)
        becomes(lambda: [message["id"] for message in reentry()["newMessages"]], ids, "what is new at re-entry")
        found = reentry()
        self.assertIs(found["truncated"], False)
        self.assertEqual(found["unreadCount"], 5)
        self.assertEqual(found["beforeMessages"][-1]["id"], read_id)

        guest.chatter.disconnect()
        back = self.connect(guest.user)
        resumed = back.subscribe(room_topic(room_id), since=read_id)
        owner.chatter.say(room_id, "live again")
        heard(resumed, "live again")
        self.assertEqual([body["id"] for _, body in resumed][:5], ids)
        self.assertEqual([body["content"] for _, body in resumed], missed + ["live again"])
        self.assertEqual(contents(guest.arrived), ["read"], "the socket that had left heard none of it")

    def test_a_fifth_room_takes_one_out_of_the_oldest(self):
        rooms = [self.room_with_owner() for _ in range(5)]
        ids = [room_id for room_id, _ in rooms]
        user = new_user()
        sockets = [self.connect(user), self.connect(user)]
        in_oldest = sockets[0].subscribe(room_topic(ids[0]))
        for room_id in ids[:4]:
            sockets[0].join(room_id)
        self.assertEqual(sockets[0].join(ids[4])["evictedRoomId"], ids[0])

        for socket in sockets:
            evicted = socket.reply(lambda r: r["type"] == "EVICTED")
            self.assertEqual(evicted, {"type": "EVICTED", "roomId": ids[0], "byRoomId": ids[4]})
        heard(rooms[0][1].arrived, exited(user))
        heard(in_oldest, exited(user))
        self.assertEqual([room["id"] for room in self.api.joined(user)], ids[:0:-1])

    def test_who_exits_is_cut_off_live(self):
        room_id, owner = self.room_with_owner()
        elsewhere_id, elsewhere = self.room_with_owner()
        guest = self.joiner(room_id)
        guest.chatter.join(elsewhere_id)
        fence = guest.chatter.subscribe(room_topic(elsewhere_id))

        guest.chatter.exit(room_id)
        heard(guest.arrived, exited(guest.user))
        heard(owner.arrived, exited(guest.user))
        owner.chatter.say(room_id, "after you left")
        elsewhere.chatter.say(elsewhere_id, "fence")
        heard(fence, "fence")
        self.assertEqual([body["messageType"] for _, body in guest.arrived], ["ENTER", "EXIT"])

        with self.assertRaises(Refused) as refused:
            guest.chatter.say(room_id, "let me")
        self.assertEqual(refused.exception.reply["status"], 403)
        with self.assertRaises(Problem) as problem:
            self.api.reentry(guest.user, room_id)
        self.assertEqual(problem.exception.status, 403)
        self.assertEqual([room["id"] for room in self.api.joined(guest.user)], [elsewhere_id])
        self.assertIsNone(self.api.exit(guest.user, room_id), "exit again is nothing")
        becomes(lambda: self.api.joined_room(owner.user, room_id)["userCount"], 1, "the members")

    def test_who_only_listens_stays_connected_without_heart_beats(self):
        room_id, owner = self.room_with_owner()
        guest = self.joiner(room_id)
        # stomp.py agrees on no heart-beats: only the WebSocket PINGs that it answers keep it from being taken for dead.
        end = time.monotonic() + SILENCE_S
        until(lambda: guest.chatter.gone or time.monotonic() > end, "the silence is over", 2 * SILENCE_S)
        self.assertFalse(guest.chatter.gone, "nobody who answers is closed")
        owner.chatter.say(room_id, "still there?")
        heard(guest.arrived, "still there?")


if __name__ == "__main__":
    unittest.main()
