// Somebody who chats by the client module, at the server of a test.
import { Client } from '@stomp/stompjs';
import { WebSocket } from 'ws';

import { Roomtone } from '../../../socket-node/client/roomtone.js';
import { until } from '../stompjs/until.mjs';

/** A link that is online. Each connection goes to the next node, where there are several. */
export async function online(server, api, user, token = () => api.token(user)) {
  const client = new Client({ webSocketFactory: () => new WebSocket(server.nextWebSocket(), 'v12.stomp') });
  const link = new Roomtone(client, token);
  link.start();
  await until(() => link.state === 'online', 'the link is online');
  return link;
}

/** What a room's listener was given. */
export class Heard {
  messages = [];
  gaps = [];
  presence = [];

  onMessage = (message) => this.messages.push(message);
  onGap = (gap) => this.gaps.push(gap);
  onPresence = (change) => this.presence.push(change);

  get texts() {
    return this.messages.filter(({ messageType }) => messageType === 'TALK').map(({ content }) => content);
  }

  /** Waits until that was said. */
  until(content) {
    return until(() => this.texts.includes(content), () => `${content} is heard: ${this.texts.slice(-5)}`);
  }
}
