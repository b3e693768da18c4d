// What every page uses: the facts the studio tells, deeds it is asked for, and building the DOM.
// Text of the artist's only ever becomes text nodes and attributes, never markup.

import { openLine, whileOpen } from './line.js';
import { waiting } from './waiting.js';

// --- facts -----------------------------------------------------------------------------------

const facts = new Map();
const listeners = new Set();
let changed = new Set(), isDrawing = false, isConnected = false, isWhole = false;

export const fact = (key, otherwise = null) => facts.has(key) ? facts.get(key) : otherwise;
export const shot = id => facts.get(`shot/${id}`);
/** What is stale about a shot, and why; nothing, when all of it is what the shot asks for. */
export const stale = id => fact(`stale/${id}`) ?? { keyframe: '', video: '', why: [], video_why: [] };
export const openProject = () => fact('project')?.key; // what deeds say they are meant for
export const shots = () => (fact('order') ?? []).map(shot).filter(Boolean);
export const runs = () => (fact('queue/order') ?? []).map(id => facts.get(`run/${id}`)).filter(Boolean);
export const connected = () => isConnected;

/** Call `draw(changed keys)` once facts whose keys begin with one of `prefixes` change; for as long as
 *  `place` is on the page. What changes while the place is not seen is drawn when it is. */
export function follow(prefixes, place, draw) {
  const listener = { prefixes, place, draw, missed: new Set(['']) };
  listeners.add(listener);
  if (isWhole) schedule([]);
  return () => listeners.delete(listener);
}

export const isSeen = place => place === document.body || place.isConnected && (place.offsetParent !== null || place.matches('.always'));

function schedule(keys) {
  for (const key of keys) changed.add(key);
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(flush);
}

/** Draw now; also what was missed while a page was hidden. */
export function flush() {
  isDrawing = false;
  if (!isWhole) return;
  const keys = changed;
  changed = new Set();
  for (const listener of listeners) {
    if (listener.place.isConnected) listener.wasThere = true;
    else if (listener.wasThere) { listeners.delete(listener); continue }
    for (const key of keys) if (listener.prefixes.some(p => key.startsWith(p))) listener.missed.add(key);
  }
  // all are asked whether they are seen before the first draws: asked in between, each would lay out the page
  for (const listener of [...listeners].filter(one => one.missed.size && isSeen(one.place))) {
    const missed = listener.missed;
    listener.missed = new Set();
    try { listener.draw(missed) } catch (error) { console.error(error) }
  }
}

function hear(news, isEverything) {
  if (isEverything) for (const key of [...facts.keys()]) if (!(key in news.set)) { facts.delete(key); changed.add(key) } // what is not told is gone
  for (const [key, value] of Object.entries(news.set)) facts.set(key, value);
  for (const key of news.gone) facts.delete(key);
  isWhole = true;
  setConnected(true);
  schedule([...Object.keys(news.set), ...news.gone]);
}

function setConnected(is) {
  if (is === isConnected) return;
  isConnected = is;
  document.documentElement.classList.toggle('is-offline', !is);
  schedule(['connection']);
  if (is) { giveUp(); showMissing() }
}

export const connect = () => openLine(hear, () => { setConnected(false); giveUp() });

// --- deeds -----------------------------------------------------------------------------------

export class Refused extends Error {}

let written = Promise.resolve(); // the edits under way

/** Edits are written one after another, so that what was typed last is what stays. */
export function inTurn(edit) {
  const done = written.then(edit);
  written = done.catch(() => {});
  return done;
}

/** Ask the studio for a deed, after the edits before it. Raises Refused with the sentence the studio answers. `project`
 *  is the one it is about: the studio refuses it once another is open. null: it is about none, or whichever is open. */
export async function ask(name, args = {}, { project = openProject(), isEdit = false, keepalive = false } = {}) {
  const asked = JSON.stringify(args), headers = { 'Content-Type': 'application/json', 'X-Studio': '1' };
  if (project) headers['X-Project'] = project;
  if (!isEdit) await written;
  let answer;
  const over = waiting();
  try { // no browser lets more than 64 kB outlive their page
    answer = await fetch(`studio/do/${name}`, { method: 'POST', headers, body: asked, signal: whileOpen(), keepalive: keepalive && asked.length < 15_000 });
  } catch { throw new Refused(t('error.gone')) } finally { over() }
  const body = await answer.json().catch(() => ({ error: t(answer.ok ? 'error.gone' : 'error.unforeseen') }));
  if (answer.ok && !body.error) return body.result;
  if (answer.ok) throw new Refused(body.error); // the line was lost in the midst of it
  throw Object.assign(new Refused(body.error), { theirs: body.theirs, status: answer.status });
}

/** Ask, and show a refusal as a notice; returns undefined then. */
export async function act(name, args = {}, how = {}) {
  try { return await ask(name, args, how) } catch (error) {
    if (!(error instanceof Refused)) throw error;
    notice(error.message, 'bad');
  }
}

/** Hand over a file; returns the id a deed takes it by. */
export async function upload(file) {
  const over = waiting(), answer = await fetch('studio/upload', {
    method: 'POST', headers: { 'X-Studio': '1', 'X-Name': encodeURIComponent(file.name) }, body: file, signal: whileOpen(),
  }).catch(() => { throw new Refused(t('error.gone')) }).finally(over);
  const body = await answer.json().catch(() => ({ error: t('error.unforeseen') }));
  if (!answer.ok) throw new Refused(body.error);
  return body.upload;
}

// --- words -----------------------------------------------------------------------------------

let words = {};
export let language = 'en';
const LANGUAGES = ['en', 'de', 'uk', 'zh', 'ru'];

export async function loadWords() {
  const wished = navigator.languages.map(l => l.slice(0, 2).toLowerCase()).find(l => LANGUAGES.includes(l)) ?? 'en';
  words = await (await fetch(`studio/words/${wished}.json?v=${Studio.build}`)).json();
  language = document.documentElement.lang = wished;
}

/** A sentence of the catalogue; `{name}` in it becomes values.name. */
export const t = (key, values = {}) => (words[key] ?? key).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);

/** As t, with the form the number asks for: key.one, key.few, key.many, key.other. */
export function tn(key, n, values = {}) {
  const form = new Intl.PluralRules(language).select(n);
  return t(words[`${key}.${form}`] ? `${key}.${form}` : `${key}.other`, { n, ...values });
}

// --- DOM -------------------------------------------------------------------------------------

/** An element: attributes by name, `on…` as listeners, children as text or nodes. */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const element = document.createElement(name || 'div');
  if (classes.length) element.className = classes.join(' ');
  for (const [key, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key === 'class') element.className += ` ${value}`;
    else if (key === 'data') Object.assign(element.dataset, value);
    else if (key in element && typeof value !== 'string') element[key] = value;
    else element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat().filter(child => child != null && child !== false));
  return element;
}

/** Give a place one child for each item, by key: nodes stay where they are, and are updated in place. What is
 *  gone goes first: else all behind it would be moved, and whoever writes in one of them would lose the focus. */
export function keyed(place, items, key, make, update) {
  const there = place.keyedNodes ??= new Map();
  const ids = items.map(key), wanted = new Set(ids);
  for (const [id, node] of there) if (!wanted.has(id)) { node.remove(); there.delete(id) }
  let after = null;
  for (const [n, item] of items.entries()) {
    const id = ids[n];
    let node = there.get(id);
    if (!node) { node = make(item); there.set(id, node) }
    update?.(node, item);
    const next = after ? after.nextSibling : place.firstChild;
    if (next !== node) place.insertBefore(node, next);
    after = node;
  }
}

/** Set a text or attribute only when it differs, so that nothing is laid out for nothing. */
export function put(element, values) {
  for (const [key, value] of Object.entries(values)) {
    if (key === 'text') { if (element.textContent !== value) element.textContent = value }
    else if (key === 'value') { if (element !== document.activeElement && element.value !== value) element.value = value }
    else if (key in element && typeof value === 'boolean') { if (element[key] !== value) element[key] = value }
    else if (value == null || value === false) element.removeAttribute(key);
    else if (element.getAttribute(key) !== String(value)) element.setAttribute(key, value === true ? '' : value);
  }
}

const ICONS = {
  project: 'M3 6h6l2 2h10v11H3z', storyboard: 'M3 4h8v7H3zM13 4h8v7h-8zM3 13h8v7H3zM13 13h8v7h-8z',
  keyframes: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4', video: 'M3 6h12v12H3zM15 10l6-3v10l-6-3',
  film: 'M3 5h18v14H3zM3 9h18M3 15h18M8 5v4M16 5v4M8 15v4M16 15v4', runs: 'M4 6h16M4 12h10M4 18h7M17 14l4 3-4 3z',
  comic: 'M4 3h16v18H4zM4 12h16M12 3v9M14 15h4v3h-2l-1.500 1.500z',
  settings: 'M12 9a3 3 0 100 6 3 3 0 000-6zM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1M16.3 16.3l2.1 2.1M5.6 18.4l2.1-2.1M16.3 7.7l2.1-2.1',
  testbench: 'M9 3h6M10 3v6l-5 11h14L14 9V3M7.5 15h9', plus: 'M12 5v14M5 12h14', undo: 'M9 7L4 12l5 5M4 12h10a6 6 0 016 6',
  redo: 'M15 7l5 5-5 5M20 12H10a6 6 0 00-6 6', copy: 'M8 8h12v12H8zM16 8V4H4v12h4', bin: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13',
  play: 'M7 4l13 8-13 8z', pause: 'M7 4h4v16H7zM13 4h4v16h-4z', stop: 'M6 6h12v12H6z', spark: 'M12 3l2 6 6 3-6 3-2 6-2-6-6-3 6-3z',
  close: 'M5 5l14 14M19 5L5 19', check: 'M4 12l5 6L20 5', again: 'M20 11a8 8 0 10-2 6M20 4v7h-7', find: 'M11 4a7 7 0 100 14 7 7 0 000-14zM16 16l5 5',
  up: 'M6 15l6-6 6 6', down: 'M6 9l6 6 6-6', left: 'M15 5l-7 7 7 7', right: 'M9 5l7 7-7 7', own: 'M4 20l4-1L20 7l-3-3L5 16z',
  people: 'M9 4a3.500 3.500 0 100 7 3.500 3.500 0 000-7zM3 20c0-4 2.500-6 6-6s6 2 6 6M16 5a3 3 0 010 6M17.500 14c2.500.6 3.500 2.600 3.500 6', star: 'M12 4l2.5 5.4 5.9.6-4.4 4 1.2 5.8L12 17l-5.2 2.8L8 14 3.6 10l5.9-.6z', more: 'M5 12h.01M12 12h.01M19 12h.01', help: 'M9 9a3 3 0 115 2c-1 1-2 1.500-2 3M12 18h.01',
  loop: 'M17 3l3 3-3 3M20 6H8a4 4 0 00-4 4v1M7 21l-3-3 3-3M4 18h12a4 4 0 004-4v-1', light: 'M12 8a4 4 0 100 8 4 4 0 000-8zM12 2v2M12 20v2M2 12h2M20 12h2',
  recipe: 'M6 3h9l4 4v14H6zM9 11h7M9 15h7M9 7h2',
  first: 'M6 5v14M19 5l-10 7 10 7z', last: 'M18 5v14M5 5l10 7-10 7z', full: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5', download: 'M12 4v11M7 11l5 5 5-5M4 20h16',
  turn: 'M4 9V5h4M20 15v4h-4M4 5l5 5M20 19l-5-5M14 4h6v6h-6zM4 14h6v6H4z', folder: 'M3 6h6l2 2h10v11H3zM3 11h18', drop: 'M12 3v11M7 10l5 5 5-5M4 19h16', zip: 'M4 7h16v13H4zM4 7l2-3h12l2 3M12 4v9M9 13h6', pages: 'M6 3h9l4 4v14H6zM15 3v4h4M9 12h7M9 16h7', gpu: 'M3 7h15v10H3zM21 5v14M6 17v3M10 17v3M8 12a2 2 0 104 0 2 2 0 10-4 0',
  versions: 'M12 3l9 5-9 5-9-5zM3 12l9 5 9-5M3 16l9 5 9-5',
  machines: 'M4 4h16v6H4zM4 14h16v6H4zM7 7h.01M7 17h.01M11 7h6M11 17h6', money: 'M12 3v18M16.500 7c-1-1.300-2.500-2-4.500-2-2.500 0-4.500 1.200-4.500 3.300 0 4.700 9.500 2.300 9.500 7.200 0 2.200-2 3.500-5 3.500-2.200 0-4-.8-5-2.300',
  hold: 'M7 3h10v18l-5-4-5 4z', grid: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z', compare: 'M12 3v18M4 6h6v12H4zM14 6h6v12h-6z', image: 'M4 5h16v14H4zM4 15l4-4 5 5M14 12l2-2 4 4',
};

export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  path.setAttribute('d', ICONS[name] ?? '');
  svg.append(path);
  return svg;
}

export function button(label, run, { kind = '', mark = '', title = '', key = '', ...more } = {}) {
  const name = title || label;
  return h(`button.btn${kind ? `.${kind}` : ''}`, {
    type: 'button', onclick: run, title: key ? `${name} (${key})` : title || null, 'aria-label': label ? null : name, ...more,
  }, mark && icon(mark), label && h('span', {}, label));
}

// --- notices ---------------------------------------------------------------------------------

/** A sentence that goes away by itself; what is wrong and asks something stays until it is answered. `action` is one
 *  thing to do, or several. */
export function notice(text, kind = '', action = null) {
  const place = document.querySelector('#notices') ?? document.body.appendChild(h('div', { id: 'notices', role: 'status', 'aria-live': 'polite' }));
  if ([...place.children].some(n => n.firstChild.textContent === text)) return;
  const gone = () => item.remove();
  const item = h(`div.notice${kind ? `.${kind}` : ''}`, { role: kind === 'bad' ? 'alert' : null }, h('p', {}, text),
    [action ?? []].flat().map(one => button(one.label, () => { gone(); one.run() }, { kind: 'link' })),
    button('', gone, { kind: 'ghost', mark: 'close', title: t('close') }));
  place.append(item);
  if (kind !== 'bad' || !action) setTimeout(gone, kind === 'bad' || Array.isArray(action) ? 20000 : 4500);
}

// --- shapes of values ------------------------------------------------------------------------

export const seconds = s => s == null ? '' : `${Number(s.toFixed(2))} s`;
export const clock = s => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, '0')}`;
export const percent = share => `${Math.round(share * 100)}%`; // also a width
const path = file => file.split('/').map(encodeURIComponent).join('/');
/** A file of the open project and of no other, whose files have the same names; `stamp` tells a new one from the one before. */
const fileUrl = (kind, file, stamp, ...more) => `studio/${kind}/${path(file)}?${[...more, `p=${fact('project')?.key ?? ''}`, stamp && `v=${stamp}`].filter(Boolean).join('&')}`;
export const mediaUrl = (file, stamp = '') => fileUrl('media', file, stamp);
export const thumbUrl = (file, stamp = '', width = 480) => fileUrl('thumb', file, stamp, `w=${width}`);
export const isVideo = file => /\.(mp4|webm|mov|mkv)$/i.test(file);
export const keyframeUrl = (s, width = 480) => s?.key ? (width ? thumbUrl(`keyframes/${s.id}.png`, s.key, width) : mediaUrl(`keyframes/${s.id}.png`, s.key)) : null;
export const ratio = () => { const p = fact('project'); return p ? p.width / p.height : 16 / 9 };

/** A loaded picture takes the place of the one before only when it can be drawn: nothing flickers. */
export function show(img, url) {
  if (img.dataset.url === (url ?? '')) return;
  img.dataset.url = url ?? '';
  if (!url) { img.removeAttribute('src'); img.hidden = true; return }
  if (!img.src) { img.onerror = () => { img.hidden = true }; img.src = url; img.hidden = false; return }
  const next = img.next = new Image();
  next.onload = () => { if (img.dataset.url === url) { img.src = url; img.hidden = false } };
  next.onerror = () => { if (img.dataset.url === url) { img.removeAttribute('src'); img.hidden = true } }; // not the one before under this one's name
  next.src = url;
}

const missing = new Map(); // pictures that did not come, and what shows them

/** Wait no longer for pictures that have not come: they would keep the few connections a browser has. */
function giveUp() {
  for (const img of document.images) {
    const { url } = img.dataset, src = img.getAttribute('src'), isThere = img.complete && img.naturalWidth;
    if (!(url || src) || isThere && src === (url || src)) continue;
    if (!isThere) img.removeAttribute('src');
    img.next?.removeAttribute('src');
    if (url) img.dataset.url = '';
    missing.set(img, () => { if (!url) img.src ||= src; else if (!img.dataset.url) show(img, url) });
  }
}

/** A moment later: what is asked for at once gets the answer that still does not come. */
const showMissing = () => setTimeout(() => { for (const again of missing.values()) again(); missing.clear() }, 100);

export function debounce(run, wait = 350) {
  let timer = null, last = null;
  const call = (...args) => { last = args; clearTimeout(timer); timer = setTimeout(now, wait) };
  const now = () => { clearTimeout(timer); timer = null; if (last) { const args = last; last = null; run(...args) } };
  return Object.assign(call, { now });
}
