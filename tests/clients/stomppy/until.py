"""Waiting for a condition instead of for a time."""

import time

# How long a condition may take before the test fails. Generous: a small machine may be busy.
DEADLINE_S = 30.0
LOOK_AGAIN_S = 0.015


def until(check, what, deadline_s=DEADLINE_S):
    """Waits until `check()` gives something truthy, and gives that.

    `what` (a text, or what makes one when it is needed) names the condition in the failure.
    """
    end = time.monotonic() + deadline_s
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"after {deadline_s:.0f} s still not so: {what() if callable(what) else what}")
        time.sleep(LOOK_AGAIN_S)


def becomes(read, wanted, what):
    """Reads until what is read is `wanted`. For what follows the log: in one process it is there at once, in a fleet
    a moment after the RECEIPT."""
    found = None

    def is_there():
        nonlocal found
        found = read()
        return found == wanted

    until(is_there, lambda: f"{what}: {found} is to be {wanted}")
