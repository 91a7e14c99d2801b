"""The HTTP side of a test: tokens, rooms, lists and history, by the standard library alone."""

import dataclasses
import itertools
import json
import os
import urllib.error
import urllib.parse
import urllib.request

from signing import sign

_count = itertools.count(1)


class Problem(Exception):
    """The server said no."""

    def __init__(self, status, body):
        super().__init__(f"{status} {body}")
        self.status = status


@dataclasses.dataclass(frozen=True)
class User:
    """Somebody who can have a token."""

    uid: str
    nickname: str


def new_user(nickname="바다"):
    """A user nobody has used before in this run."""
    number = next(_count)
    return User(f"p{number}-{os.getpid()}", f"{nickname}{number}")


def new_playlist():
    """A playlist as the playlist server would send it."""
    number = next(_count)
    musics = [
        {"id": f"m{n}", "title": f"Track {n}", "artist": "Sky", "playtime": playtime, "thumbnail": "/page/logo.svg"}
        for n, playtime in enumerate(["3:05", "0:40", "1:02:03"])
    ]
    return {"id": f"py-playlist-{number}-{os.getpid()}", "name": f"새벽 {number}", "musics": musics}


class Api:
    """Calls of one server. What needs a user takes that user first."""

    def __init__(self, server):
        self._server = server

    def token(self, user, scope=None):
        if self._server.secret:
            return sign(self._server.secret, user.uid, user.nickname, scope)
        claims = {"uid": user.uid, "nickname": user.nickname, **({"scope": scope} if scope else {})}
        return self._call("POST", "/dev/token", None, claims)["token"]

    def create_room(self, owner):
        """Creates a room as the playlist server does, for this owner."""
        service = self.token(User("playlist-server", "playlist-server"), "service")
        body = {"uid": owner.uid, "userName": owner.nickname, "playlist": new_playlist()}
        return self._call("POST", "/v1/api/rooms/create", service, body)

    def joined(self, user):
        return self._as(user, "GET", "/v1/api/rooms/joined")["rooms"]

    def joined_room(self, user, room_id):
        return next(room for room in self.joined(user) if room["id"] == room_id)

    def reentry(self, user, room_id):
        return self._as(user, "GET", f"/v1/api/chat/rooms/joined/{room_id}")

    def exit(self, user, room_id):
        return self._as(user, "POST", f"/v1/api/rooms/exit/{room_id}")

    def presence(self, user, room_id, which):
        """The uids of those who are `on`, or `off`, sorted."""
        return sorted(self._as(user, "GET", f"/api/v1/presence/{room_id}/{which}")["users"])

    def history(self, user, room_id):
        """The whole history, oldest first."""
        messages, query = [], ""
        while True:
            page = self._as(user, "GET", f"/v1/api/chat/history/{room_id}{query}")
            messages += page["messages"]
            if page["nextCursor"] is None:
                return messages
            query = "?" + urllib.parse.urlencode({"after": page["nextCursor"]})

    def _as(self, user, method, path, body=None):
        return self._call(method, path, self.token(user), body)

    def _call(self, method, path, token, body):
        headers = {"content-type": "application/json"} if body is not None else {}
        if token:
            headers["authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._server.http + path, data=data, headers=headers, method=method)
        # No proxy: the server is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as problem:
            with problem:
                raise Problem(problem.code, problem.read().decode()) from None
        return json.loads(text) if text else None
