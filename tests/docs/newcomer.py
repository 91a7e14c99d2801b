"""A newcomer who does what the pages say: runs their blocks of code as they stand, and looks at what comes of them.

Names that a page leaves to its reader (a token, what shows a message) are given in front of a block, as the reader would.
"""

import os
import pathlib
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEADLINE_S = 120
at = sys.argv[1]
done = 0


def blocks(page, heading, language):
    """The blocks of a language below a heading, up to the next heading of its rank or above."""
    rank, below, fence, found = heading.index(" "), False, None, []
    for line in (ROOT / page).read_text().splitlines():
        if fence is not None:
            if line == "```":
                if below and fence == language:
                    found.append("\n".join(block) + "\n")
                fence = None
            else:
                block.append(line)
        elif line.startswith("```"):
            fence, block = line[3:], []
        elif line == heading:
            below = True
        elif below and re.match(rf"#{{1,{rank}}} ", line):
            break
    assert found, f"{page} has no {language} below {heading}"
    return [re.sub(r"(localhost|127\.0\.0\.1):18000", at, block) for block in found]


def shell(script, folder):
    ran = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, timeout=DEADLINE_S)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def seen(what, found, wanted):
    global done
    assert wanted in found, f"{what}: {wanted!r} is not in {found!r}"
    done += 1


class Program:
    """A program that is talked to, and ended."""

    def __init__(self, command, folder):
        self.process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def until(self, what, wanted):
        """Waits for a line that has this in it."""
        end, read = time.monotonic() + DEADLINE_S, []
        while True:
            line = self.lines.get(timeout=max(end - time.monotonic(), 0.01))
            read.append(line)
            assert line is not None, f"{what}: it ended: {read}"
            if wanted in line:
                return seen(what, line, wanted)

    def end(self):
        # Not as Ctrl-C does: who starts this in the background of a script has it ignored.
        self.process.terminate()
        self.process.wait(DEADLINE_S)


def by_curl(folder):
    (script,) = blocks("README.md", "### By curl", "sh")
    said = shell(script + '\nprintf "room=%s\\n" "$room"', folder)
    room = re.search(r"room=(\S+)", said).group(1)
    seen("the room is one of Sky's", said, '"roomName":"Night walk"')
    seen("the message is in history", said, '"messages":[{"id"')
    seen("as it was said", said, "Hello from curl")
    return room


def by_a_script(folder, room):
    install, chat = blocks("README.md", "### By a script", "sh")[0], blocks("README.md", "### By a script", "js")[0]
    # Its own folder is the one that is here already.
    shell(re.sub(r'^cd "\$\(mktemp -d\)" && ', "", install), folder)
    (folder / "chat.mjs").write_text(chat)
    program = Program(["node", "chat.mjs", room], folder)
    program.until("it joins", '"type":"JOINED"')
    program.say("hello from the page")
    program.until("what is typed is said", "하늘: hello from the page")
    program.end()


# What a page leaves to whoever reads it.
READER_JS = """
import WebSocket from 'ws';
Object.assign(globalThis, { WebSocket });
const roomId = process.argv[2];
const fetchToken = async () => (await (await fetch('http://%s/dev/token', { method: 'POST', body: JSON.stringify({ uid: 'reader', nickname: 'Reader' }) })).json()).token;
const show = (message, wait) => console.log('shown:', message.content ?? message, wait ?? '');
const [replied, showHole, showPresence, leave] = ['reply:', 'hole:', 'presence:', 'leave:'].map((what) => (...all) => console.log(what, ...all));
const banner = { hidden: false };
const player = { seek: (ms) => console.log('seek:', Math.round(ms)) };
const kept = new Map();
const localStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
"""


def for_clients(folder, room):
    # What the page has is `import` first, which a module allows anywhere.
    (module,) = blocks("docs/clients.md", "## JavaScript: the module", "js")
    (folder / "roomtone.js").write_text((ROOT / "socket-node/client/roomtone.js").read_text())
    (folder / "module.mjs").write_text(READER_JS % at + module)
    program = Program(["node", "module.mjs", room], folder)
    program.until("the module joins, and knows where the track is", "seek:")
    program.until("and says something", "shown: hello")
    program.end()

    (stock,) = blocks("docs/clients.md", "## JavaScript: the stock client alone", "js")
    (folder / "stock.mjs").write_text(READER_JS % at + stock)
    program = Program(["node", "stock.mjs", room], folder)
    program.until("the stock client joins", "reply: {")
    program.end()

    token = blocks("docs/clients.md", "# For client developers", "sh")[0]
    token = shell(re.sub(r"^cargo local .*$", "", token, flags=re.M) + '\necho "$TOKEN"', folder).strip()
    seen("a token is one", token, ".")
    (python,) = blocks("docs/clients.md", "## Python: stomp.py", "python")
    host, port = at.split(":")
    python = python.replace(f'("{host}", {port})', f'("{host}", {port})').replace('("localhost", 18000)', f'("{host}", {port})')
    given = f"room_id = {room!r}\ndef fetch_token(): return {token!r}\n"
    waits = "\nimport time\nwhile True: time.sleep(1)\n"
    (folder / "room.py").write_text(given + python + waits)
    program = Program([sys.executable, "-u", "room.py"], folder)
    program.until("stomp.py joins", "JOINED")
    program.until("and says something", "sky hello")
    program.end()


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        os.environ["npm_config_audit"] = os.environ["npm_config_fund"] = "false"
        room = by_curl(folder)
        by_a_script(folder, room)
        for_clients(folder, room)
    print(f"test result: ok. {done} passed; 0 failed; 0 ignored;")


main()
