"""A relay on uWebSockets, by socketify: SUB and PUB choose a topic, and what a publisher sends goes to all who subscribed.

The publishing and all writing is uWebSockets' own; Python runs once for each message that comes in.
"""

import sys

from socketify import App, AppListenOptions, OpCode

SUBSCRIBED = "receipt-id:sub"


def upgraded(response, request, context):
    key = request.get_header("sec-websocket-key")
    protocol = request.get_header("sec-websocket-protocol")
    response.upgrade(key, protocol, "", context, {})


def heard(socket, message, _opcode):
    own = socket.get_user_data()
    topic = own.get("topic")
    if topic is not None:
        # A heart-beat is for nobody.
        if len(message) > 1:
            app.publish(topic, message, OpCode.TEXT)
    elif message.startswith("SUB "):
        socket.subscribe(message[4:])
        socket.send(SUBSCRIBED, OpCode.TEXT)
    elif message.startswith("PUB "):
        own["topic"] = message[4:]
        socket.send(SUBSCRIBED, OpCode.TEXT)


app = App()
limits = {"compression": 0, "max_payload_length": 1 << 20, "max_backpressure": 64 << 20, "idle_timeout": 0}
app.ws("/*", {**limits, "upgrade": upgraded, "message": heard})
app.listen(AppListenOptions(port=int(sys.argv[1]), host="127.0.0.1"), lambda config: print(config.port, flush=True))
app.run()
