// Where the artist is: the page, the shot, the shots selected. The address says it too (#keyframes/007), so
// that a reload, a bookmark and the back button lead to the same place.

import { act, fact, flush, follow, isSeen, notice, shot, t } from './core.js';
import { onProject } from './otherproject.js';

export const PAGES = ['project', 'storyboard', 'keyframes', 'video', 'film', 'comic', 'runs', 'machines', 'versions', 'settings', 'testbench'];
const DIGITS = PAGES.filter(page => page !== 'versions'); // there are ten
export const pageOf = digit => DIGITS[(Number(digit) + 9) % 10];
/** The key that leads to a page, or nothing. */
export const digitOf = page => DIGITS.includes(page) ? String((DIGITS.indexOf(page) + 1) % 10) : '';
const WITH_SHOTS = ['storyboard', 'keyframes', 'video', 'film'];
const listeners = new Set(), narrowed = new Map(); // page -> whether it lists a shot
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

export const hasShots = () => WITH_SHOTS.includes(page);
/** A page may list only some of the shots: what is not seen is not selected in passing. */
export const narrow = (on, lists) => narrowed.set(on, lists);
const listed = () => (fact('order') ?? []).filter(id => narrowed.get(page)?.(id) ?? true);

/** Call `draw` when the page, the shot or the selection changes. */
export function watch(place, draw) {
  const listener = () => { if (!place.isConnected) listeners.delete(listener); else if (isSeen(place)) draw() };
  listeners.add(listener);
  requestAnimationFrame(listener); // where the window is now, once the place stands on its page
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
  if (range && anchor) {
    const order = fact('order') ?? [], [from, to] = [order.indexOf(anchor), order.indexOf(id)].sort((a, b) => a - b), among = new Set(listed());
    selected = new Set(order.slice(Math.max(0, from), to + 1).filter(id => among.has(id)));
  } else if (toggle) {
    if (!selected.size) selected.add(currentShot());
    selected.has(id) && selected.size > 1 ? selected.delete(id) : selected.add(id);
    anchor = id;
  } else { selected = new Set([id]); anchor = id }
  current = selected.has(id) ? id : [...selected][0];
  go(page);
}

export function selectAll() { selected = new Set(listed()); tell() }

export function selectMany(ids) { selected = new Set(ids); current = anchor = ids[0] ?? ''; go(page) }

/** The next or previous shot. */
export function step(by) {
  const order = fact('order') ?? [];
  const at = order.indexOf(currentShot()) + by;
  if (!order[at]) return;
  select(order[at]);
  [...document.querySelectorAll(`[data-shot="${CSS.escape(order[at])}"]`)].find(isSeen)?.scrollIntoView({ block: 'nearest' });
}

const frame = () => new Promise(requestAnimationFrame);
const LONGEST = 10_000; // ms until a shot that was made is given up

/** Go to a shot that was just made, and write in it; not before the page has been told of it and shows it, as the
 *  words would be another shot's. `isTold` asks for more than that. */
export async function write(to, id, field = '#prompt', isTold = () => true) {
  const end = Date.now() + LONGEST, control = () => [...document.querySelectorAll(field)].find(isSeen);
  do await frame(); while (!(shot(id) && isTold()) && Date.now() < end); // one at least: a dialog that closes gives the focus back
  if (!shot(id) || !isTold()) return;
  go(to, id);
  while (!control()) if (Date.now() > end) return; else await frame();
  flush();
  tell();
  if (page === to && currentShot() === id) control().focus();
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

/** On a page that does not show it, a step taken back is told. */
const isSeenHere = step => hasShots() || page === 'project' || page === 'comic' && step.label.startsWith('comic');
const told = words => step => { if (step && !isSeenHere(step)) notice(words({ step: [t(`step.${step.label}`), step.about].filter(Boolean).join(' ') })) };
export const undo = () => act('undo').then(told(step => t('undone', step)));
export const redo = () => act('redo').then(told(step => t('redone', step)));
