// Spring's STOMP client, unmodified, in a room: it joins, talks, loses its connection, and comes back by `since`.
//
//   java -cp JARS Chat.java http://127.0.0.1:18000 ws://127.0.0.1:18000/ws-chat
//
// The last line counts what was seen; the exit code is zero only if all of it was.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.lang.reflect.Type;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.springframework.messaging.simp.stomp.StompFrameHandler;
import org.springframework.messaging.simp.stomp.StompHeaders;
import org.springframework.messaging.simp.stomp.StompSession;
import org.springframework.messaging.simp.stomp.StompSessionHandlerAdapter;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.web.socket.WebSocketHttpHeaders;
import org.springframework.web.socket.client.standard.StandardWebSocketClient;
import org.springframework.web.socket.messaging.WebSocketStompClient;

public class Chat {
    static final int DEADLINE_S = 30;
    static final ObjectMapper JSON = new ObjectMapper();
    static final HttpClient HTTP = HttpClient.newHttpClient();
    static String http;
    static String webSocket;
    static int seen;

    public static void main(String[] arguments) throws Exception {
        http = arguments[0];
        webSocket = arguments[1];
        String owner = token("owner-" + UUID.randomUUID(), "Owner", null);
        String uid = JSON.readTree(java.util.Base64.getUrlDecoder().decode(owner.split("\\.")[1])).get("sub").asText();
        String room = createRoom(uid);

        Socket first = new Socket(owner);
        BlockingQueue<JsonNode> heard = first.subscribe("/chat/topic/room/" + room, null);
        first.send("/chat/pub/join", Map.of("roomId", room));
        String id = first.send("/chat/pub/send", Map.of("roomId", room, "content", "안녕, from Spring", "clientMessageId", "1"));
        expect("a message is heard", "안녕, from Spring", talk(heard).get("content").asText());
        String again = first.send("/chat/pub/send", Map.of("roomId", room, "content", "안녕, from Spring", "clientMessageId", "1"));
        expect("the same message said again is the same", id, again);
        first.session.disconnect();

        say(owner, room, "missed");
        Socket second = new Socket(owner);
        BlockingQueue<JsonNode> since = second.subscribe("/chat/topic/room/" + room, id);
        expect("what was missed comes first", "missed", talk(since).get("content").asText());
        second.send("/chat/pub/send", Map.of("roomId", room, "content", "live again"));
        expect("and then what is said", "live again", talk(since).get("content").asText());
        second.session.disconnect();
        System.out.println("test result: ok. " + seen + " passed; 0 failed; 0 ignored;");
        System.exit(0);
    }

    /** One connection of the stock client. */
    static class Socket {
        final BlockingQueue<JsonNode> replies;
        final StompSession session;

        Socket(String token) throws Exception {
            WebSocketStompClient client = new WebSocketStompClient(new StandardWebSocketClient());
            ThreadPoolTaskScheduler scheduler = new ThreadPoolTaskScheduler();
            scheduler.setDaemon(true);
            scheduler.initialize();
            client.setTaskScheduler(scheduler);
            client.setDefaultHeartbeat(new long[] {10_000, 10_000});
            StompHeaders login = new StompHeaders();
            login.add("Authorization", "Bearer " + token);
            session = client.connectAsync(URI.create(webSocket), new WebSocketHttpHeaders(), login, new StompSessionHandlerAdapter() {})
                .get(DEADLINE_S, TimeUnit.SECONDS);
            // Refusals come here; without it, a SEND against a rule ends the connection.
            replies = subscribe("/user/queue/replies", null);
        }

        BlockingQueue<JsonNode> subscribe(String destination, String since) {
            StompHeaders headers = new StompHeaders();
            headers.setDestination(destination);
            if (since != null) {
                headers.set("since", since);
            }
            BlockingQueue<JsonNode> arrived = new LinkedBlockingQueue<>();
            session.subscribe(headers, new StompFrameHandler() {
                @Override
                public Type getPayloadType(StompHeaders of) {
                    return byte[].class;
                }

                @Override
                public void handleFrame(StompHeaders of, Object payload) {
                    try {
                        arrived.add(JSON.readTree((byte[]) payload));
                    } catch (java.io.IOException broken) {
                        throw new IllegalStateException(broken);
                    }
                }
            });
            return arrived;
        }

        /** Sends, and gives the RECEIPT's message-id. */
        String send(String destination, Map<String, String> body) throws Exception {
            StompHeaders headers = new StompHeaders();
            headers.setDestination(destination);
            headers.setContentType(org.springframework.util.MimeTypeUtils.APPLICATION_JSON);
            headers.setReceipt("r-" + UUID.randomUUID());
            CompletableFuture<String> receipt = new CompletableFuture<>();
            StompSession.Receiptable sent = session.send(headers, JSON.writeValueAsBytes(body));
            sent.addReceiptTask(of -> receipt.complete(String.valueOf(of.getMessageId())));
            sent.addReceiptLostTask(() -> receipt.completeExceptionally(new IllegalStateException("no receipt: " + replies)));
            return receipt.get(DEADLINE_S, TimeUnit.SECONDS);
        }
    }

    /** The next TALK. */
    static JsonNode talk(BlockingQueue<JsonNode> heard) throws Exception {
        while (true) {
            JsonNode message = heard.poll(DEADLINE_S, TimeUnit.SECONDS);
            if (message == null) {
                throw new IllegalStateException("nothing is heard");
            }
            if (message.get("messageType").asText().equals("TALK")) {
                return message;
            }
        }
    }

    static void expect(String what, Object wanted, Object found) {
        if (!wanted.equals(found)) {
            throw new IllegalStateException(what + ": " + found + " is to be " + wanted);
        }
        seen++;
    }

    static String token(String uid, String nickname, String scope) throws Exception {
        Map<String, String> who = scope == null ? Map.of("uid", uid, "nickname", nickname) : Map.of("uid", uid, "nickname", nickname, "scope", scope);
        return call("/dev/token", null, who).get("token").asText();
    }

    static String createRoom(String owner) throws Exception {
        Map<String, Object> music = Map.of("title", "Track", "artist", "Sky", "playtime", "3:05", "thumbnail", "/page/logo.svg");
        Map<String, Object> playlist = Map.of("id", "playlist-" + UUID.randomUUID(), "name", "From Spring", "musics", java.util.List.of(music));
        Map<String, Object> wanted = Map.of("uid", owner, "userName", "Owner", "playlist", playlist);
        return call("/v1/api/rooms/create", token("service", "service", "service"), wanted).get("id").asText();
    }

    static void say(String token, String room, String content) throws Exception {
        call("/v1/api/chat/message", token, Map.of("roomId", room, "content", content));
    }

    static JsonNode call(String path, String token, Object body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(http + path))
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body)));
        if (token != null) {
            request.header("authorization", "Bearer " + token);
        }
        String answer = HTTP.send(request.build(), BodyHandlers.ofString(StandardCharsets.UTF_8)).body();
        return JSON.readTree(answer);
    }
}
