// How the module is used from TypeScript; that this compiles is the test, and what must not compile is marked.
import { Client } from '@stomp/stompjs';
import { OutcomeUnknown, Refused, Roomtone, type Message } from '../../../socket-node/client/roomtone.js';

const link = new Roomtone(new Client({ brokerURL: 'wss://sockets.example.org/ws-chat' }), async () => 'token');
const heard: Message[] = [];
link.onState = (state) => state === 'online';
link.onReply = (reply) => (reply.type === 'EVICTED' ? reply.byRoomId : reply.type);
link.start();

const room = link.room('a-room', { since: 'an-id', onMessage: (message) => heard.push(message), onGap: ({ after, before }) => [after, before] });
const { nowPlaying } = await room.join();
const positionMs: number = nowPlaying.positionMs + (link.now() - Date.parse(nowPlaying.serverTime));
try {
  const id: string = await room.say(`${positionMs}`);
  await room.read(id);
} catch (problem) {
  if (problem instanceof Refused) console.log(problem.status, problem.retryAfterS);
  else if (!(problem instanceof OutcomeUnknown)) throw problem;
}
// @ts-expect-error: the switch has two words
await room.presence('away');
// @ts-expect-error: a listener hears messages
link.room('another', {});
