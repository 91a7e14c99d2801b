// The types of roomtone.js.
import type { Client } from '@stomp/stompjs';

export type State = 'stopped' | 'connecting' | 'online' | 'waiting';
export type PresenceWord = 'on' | 'off';

export interface Message {
  id: string;
  roomId: string;
  messageType: 'ENTER' | 'TALK' | 'EXIT';
  senderId: string;
  nickName: string;
  senderProfileImage?: string;
  content: string;
  /** RFC 3339, UTC. */
  createdAt: string;
  currentMusicId: string;
  positionMs: number;
  clientMessageId?: string;
}

/** A hole: what was said after `after` and before `before` is in history. Both are null of one before the first message. */
export interface Gap {
  messageType: 'GAP';
  roomId: string;
  after: string | null;
  before: string | null;
}

export interface PresenceChange {
  roomId: string;
  uid: string;
  presence: PresenceWord;
  onCount: number;
  at: string;
}

export interface NowPlaying {
  musicId: string;
  index: number;
  positionMs: number;
  startedAt: string;
  serverTime: string;
}

export interface Joined {
  type: 'JOINED';
  /** As GET /v1/api/rooms/{roomId} gives it. */
  room: { id: string; roomName: string; userCount: number; nowPlaying: NowPlaying; [field: string]: unknown };
  presence: PresenceWord;
  nowPlaying: NowPlaying;
  currentMusicId: string;
  evictedRoomId?: string;
}

export type Reply =
  | Joined
  | { type: 'PRESENCE'; roomId: string; presence: PresenceWord }
  | { type: 'REFRESHED'; expiresAt: string }
  | { type: 'EVICTED'; roomId: string; byRoomId: string }
  | { type: 'REFUSED'; status: number; title: string; detail: string; roomId?: string; receipt?: string; retryAfter?: number };

export interface Listener {
  /** The last message that was seen before; without it the room begins at its newest. */
  since?: string;
  /** Each message once, in the room's order. */
  onMessage(message: Message): void;
  onGap?(gap: Gap): void;
  onPresence?(change: PresenceChange): void;
}

/** The headers of a RECEIPT. */
export type Receipt = { [name: string]: string };

export class Refused extends Error {
  status: number;
  title: string;
  roomId?: string;
  retryAfterS?: number;
}

export class OutcomeUnknown extends Error {}

export interface Room {
  readonly id: string;
  /** The last message that was given, to come back with; null before the first. */
  readonly lastId: string | null;
  join(): Promise<Joined>;
  /** Gives the message's id. Rejects with Refused or OutcomeUnknown, as the others do. */
  say(content: string, clientMessageId?: string): Promise<string>;
  read(lastReadMessageId: string): Promise<Receipt>;
  presence(word: PresenceWord): Promise<Receipt>;
  leave(lastReadMessageId?: string): Promise<Receipt>;
  exit(): Promise<Receipt>;
  close(): void;
}

export class Roomtone {
  constructor(client: Client, token: () => string | Promise<string>);
  readonly state: State;
  onState: (state: State) => void;
  /** Each reply but for a refusal that a call rejects with. */
  onReply: (reply: Reply) => void;
  /** Each ERROR, which ends the connection. */
  onError: (error: { message: string; detail: string }) => void;
  readonly offsetMs: number;
  start(): void;
  stop(): Promise<void>;
  room(roomId: string, listener: Listener): Room;
  now(): number;
  learnTime(iso: string, askedAtMs?: number): void;
  send(destination: string, body: object, again?: boolean): Promise<Receipt>;
}
