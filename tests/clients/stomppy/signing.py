"""Tokens as their issuer signs them (HS256), for where no server hands them out."""

import base64
import hashlib
import hmac
import json
import time

GOOD_FOR_S = 12 * 3600


def sign(secret, uid, nickname, scope=None):
    """A token of this user's."""
    now = int(time.time())
    claims = {"sub": uid, "nickname": nickname, "iat": now, "exp": now + GOOD_FOR_S}
    if scope:
        claims["scope"] = scope
    signed = ".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{_encoded(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


def _encoded(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
