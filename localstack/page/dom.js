// Elements and icons. The one place that creates DOM nodes; it knows nothing of rooms or messages.
// Text always goes in as text, so what people write can never become markup.

export const byId = (id) => document.getElementById(id);

/** Makes an element. `on…` props are listeners, `true` is an empty attribute, null and false leave it out. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// Strokes on a 24-pixel grid.
const ICONS = {
  back: 'M15 5l-7 7 7 7',
  music: 'M9 18V6l11-2v12M9 18a3 3 0 1 1-6 0 3 3 0 0 1 6 0zM20 16a3 3 0 1 1-6 0 3 3 0 0 1 6 0z',
  people: 'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.500 20c.4-3.600 3-5.500 6.500-5.500s6.100 1.900 6.500 5.500M16 4.300a3.500 3.500 0 0 1 0 6.500M18 14.900c2 .7 3.200 2.400 3.500 5.100',
  exit: 'M14 4H7a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h7M11 12h9M16.500 8.500L20 12l-3.500 3.500',
  send: 'M12 19V5M6 11l6-6 6 6',
  plus: 'M12 5v14M5 12h14',
  close: 'M6 6l12 12M18 6L6 18',
  retry: 'M4 12a8 8 0 1 1 2.500 5.800M4 20v-4.500h4.500',
  down: 'M12 5v14M6 13l6 6 6-6',
  swap: 'M4 8h14M14.500 4.500L18 8l-3.500 3.500M20 16H6M9.500 12.500L6 16l3.500 3.500',
  crown: 'M4 18h16M4.500 15L3.500 7l5 4L12 5l3.500 6 5-4-1 8z',
  clock: 'M12 7v5l3.500 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z',
  alert: 'M12 7.500v5.500M12 16.500v.1M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z',
  link: 'M10 14l9-9M13 5h6v6M18 14v4a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2h4',
};

/** An icon that is decoration only; its button carries the label. */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** Puts icons where the HTML asks for them. */
export function fillIcons(root = document) {
  for (const node of root.querySelectorAll('[data-icon]')) node.append(icon(node.dataset.icon));
}

/** Three bars that stand for music that plays. */
export const equalizer = () => h('span', { class: 'equalizer', 'aria-hidden': 'true' }, h('i'), h('i'), h('i'));
