// The panel with tracks and members: beside the chat where the window is wide, a drawer over it where not.
import { byId } from './dom.js';

const TABS = ['tracks', 'members'];
const wide = matchMedia('(min-width: 1120px)');
let chosen = 'tracks';
let drawerOpen = false;
let inRoom = false;

export function initPanel() {
  for (const tab of TABS) {
    byId(`${tab}-button`).addEventListener('click', () => press(tab));
    byId(`tab-${tab}`).addEventListener('click', () => choose(tab));
  }
  byId('now-playing').addEventListener('click', () => press('tracks'));
  byId('panel-close').addEventListener('click', closeDrawer);
  byId('panel-shade').addEventListener('click', closeDrawer);
  byId('panel').addEventListener('keydown', onKey);
  wide.addEventListener('change', () => {
    drawerOpen = false;
    draw();
  });
  draw();
}

/** The panel belongs to a room; without one it is not there. */
export function setPanelRoom(isRoom) {
  inRoom = isRoom;
  drawerOpen = false;
  draw();
}

export function closeDrawer() {
  if (!drawerOpen) return;
  drawerOpen = false;
  draw();
  byId(`${chosen}-button`).focus();
}

function press(tab) {
  chosen = tab;
  drawerOpen = !wide.matches;
  draw();
  byId(`tab-${tab}`).focus({ preventScroll: true });
}

function choose(tab) {
  chosen = tab;
  draw();
}

function onKey(event) {
  if (event.key === 'Escape') closeDrawer();
  const isTab = event.target.getAttribute('role') === 'tab';
  if (isTab && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) {
    choose(TABS.find((tab) => tab !== chosen));
    byId(`tab-${chosen}`).focus();
  }
}

function draw() {
  const shown = inRoom && (wide.matches || drawerOpen);
  byId('panel').hidden = !shown;
  byId('panel-shade').hidden = !drawerOpen;
  // Behind an open drawer nothing can be reached by keyboard.
  byId('chat').inert = drawerOpen;
  byId('rooms').inert = drawerOpen;
  for (const tab of TABS) {
    const selected = tab === chosen;
    byId(`tab-${tab}`).setAttribute('aria-selected', selected);
    byId(`tab-${tab}`).tabIndex = selected ? 0 : -1;
    byId(`pane-${tab}`).hidden = !selected;
    byId(`${tab}-button`).setAttribute('aria-expanded', shown && selected);
  }
}
