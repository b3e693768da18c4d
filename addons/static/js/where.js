// Where the artist is: the page, the shot, the shots selected. The address says it too (#keyframes/007), so
// that a reload, a bookmark and the back button lead to the same place.

import { act, fact, flush, follow, isSeen, shot } from './core.js';
import { onProject } from './otherproject.js';

export const PAGES = ['project', 'storyboard', 'keyframes', 'video', 'film', 'runs', 'settings', 'testbench'];
const listeners = new Set();
let page = '', current = '', selected = new Set(), anchor = '';

onProject(() => { selected.clear(); current = anchor = '' });

export const here = () => page;
export const currentShot = () => shot(current) ? current : (fact('order') ?? [])[0] ?? '';
export const selection = () => {
  const order = fact('order') ?? [];
  const still = order.filter(id => selected.has(id));
  return still.length ? still : [currentShot()].filter(Boolean);
};
export const isSelected = id => selected.size > 1 ? selected.has(id) : id === currentShot();

/** Call `draw` when the page, the shot or the selection changes. */
export function watch(place, draw) {
  const listener = () => { if (!place.isConnected) listeners.delete(listener); else if (isSeen(place)) draw() };
  listeners.add(listener);
}

const tell = () => listeners.forEach(listener => listener());

export function go(to, id = null) {
  const isOther = to !== page;
  page = PAGES.includes(to) ? to : 'project';
  if (id && id !== current) { current = id; selected = new Set([id]); anchor = id }
  const address = `#${page}${current && ['storyboard', 'keyframes', 'video'].includes(page) ? `/${encodeURIComponent(current)}` : ''}`;
  if (location.hash !== address) isOther ? history.pushState(null, '', address) : history.replaceState(null, '', address);
  if (isOther) openTab();
  tell();
}

/** Which shots a click on one means: with shift all up to it, with ctrl one more or less. */
export function select(id, { range = false, toggle = false } = {}) {
  const order = fact('order') ?? [];
  if (range && anchor) {
    const [from, to] = [order.indexOf(anchor), order.indexOf(id)].sort((a, b) => a - b);
    selected = new Set(order.slice(Math.max(0, from), to + 1));
  } else if (toggle) {
    if (!selected.size) selected.add(currentShot());
    selected.has(id) && selected.size > 1 ? selected.delete(id) : selected.add(id);
    anchor = id;
  } else { selected = new Set([id]); anchor = id }
  current = selected.has(id) ? id : [...selected][0];
  go(page);
}

export function selectAll() { selected = new Set(fact('order') ?? []); tell() }

export function selectMany(ids) { selected = new Set(ids); current = anchor = ids[0] ?? ''; go(page) }

/** The next or previous shot. */
export function step(by) {
  const order = fact('order') ?? [];
  const at = order.indexOf(currentShot()) + by;
  if (order[at]) { select(order[at]); document.querySelector(`[data-shot="${CSS.escape(order[at])}"]`)?.scrollIntoView({ block: 'nearest' }) }
}

function openTab() {
  const tab = document.querySelectorAll('#pages button[role=tab]')[PAGES.indexOf(page)];
  tab?.click();
  document.body.dataset.page = page;
  requestAnimationFrame(() => requestAnimationFrame(() => { flush(); tell() }));
}

function read() {
  const [to, id] = location.hash.slice(1).split('/');
  const wished = PAGES.includes(to) ? to : localStorage.getItem('studio.page') ?? 'storyboard';
  go(PAGES.includes(wished) ? wished : 'storyboard', id ? decodeURIComponent(id) : null);
}

export function start() {
  addEventListener('popstate', read);
  addEventListener('hashchange', read);
  read();
  watch(document.body, () => localStorage.setItem('studio.page', page));
  follow(['order'], document.body, () => { if (current && !shot(current)) { current = ''; selected.clear() } tell() });
}

export const undo = () => act('undo');
export const redo = () => act('redo');
