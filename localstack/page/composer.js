// Where a message is written: grows with its text, Enter sends, Shift+Enter makes a line.
import { byId } from './dom.js';

const HEIGHT_MAX_PX = 140;
const drafts = new Map();
let send = null;
let roomId = null;

export function initComposer() {
  const input = byId('message-input');
  input.addEventListener('input', fit);
  input.addEventListener('keydown', (event) => {
    // While Hangul is being composed, Enter ends the syllable and must not send.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  });
  byId('composer').addEventListener('submit', (event) => {
    event.preventDefault();
    submit();
  });
  // A tap on the button must not close a phone's keyboard.
  byId('send').addEventListener('pointerdown', (event) => event.preventDefault());
}

/** Writes for a room from now on; what was begun there before is still there. */
export function openComposer(forRoomId, onSend) {
  roomId = forRoomId;
  send = onSend;
  byId('message-input').value = drafts.get(roomId) ?? '';
  fit();
}

export function closeComposer() {
  drafts.set(roomId, byId('message-input').value);
  send = null;
  roomId = null;
}

export const forgetDrafts = () => drafts.clear();

/** 'ready', 'busy' (the room is not entered yet) or 'off' (the member's switch is off). */
export function setComposerState(state) {
  byId('message-input').disabled = state !== 'ready';
  byId('switched-off').hidden = state !== 'off';
  byId('composer').dataset.state = state;
  drawSend();
}

export function focusComposer() {
  // On a phone the keyboard would cover half of what the user came to read.
  if (matchMedia('(pointer: fine)').matches) byId('message-input').focus({ preventScroll: true });
}

function submit() {
  const input = byId('message-input');
  const content = input.value.trim();
  if (!content || !send || input.disabled) return;
  send(content);
  input.value = '';
  fit();
  input.focus();
}

function fit() {
  const input = byId('message-input');
  input.style.height = 'auto';
  input.style.height = `${Math.min(input.scrollHeight, HEIGHT_MAX_PX)}px`;
  drawSend();
}

function drawSend() {
  const input = byId('message-input');
  byId('send').disabled = input.disabled || !input.value.trim();
}
