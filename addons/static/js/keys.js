// The keyboard: pages by number, shots by J and K, and whatever the page in sight offers.

import { h, t } from './core.js';
import { dialog } from './dialogs.js';
import { PAGES, digitOf, go, hasShots, here, pageOf, redo, selectAll, step, undo } from './where.js';

const own = new Map(); // page -> {key: {run, label}}

/** A page's own keys: {g: {run, label}}; with `when`, only then. shift+1 is the digit's key, whatever it writes with Shift. */
export function offer(page, keys) { own.set(page, { ...own.get(page), ...keys }) }

const everywhere = {
  j: { run: () => step(1), label: 'keys.next' },
  k: { run: () => step(-1), label: 'keys.previous' },
  ArrowRight: { run: () => step(1) },
  ArrowLeft: { run: () => step(-1) },
  '?': { run: () => Studio.showKeys(), label: 'keys.help' },
};
const withCtrl = {
  z: { run: undo, label: 'undo' },
  y: { run: redo, label: 'redo' },
  'shift+z': { run: redo },
  a: { run: selectAll, label: 'keys.all', when: hasShots },
};

const isTyping = target => target.closest?.('input:not([type=range]):not([type=checkbox]), textarea, select, [contenteditable]');
const isPressing = event => [' ', 'Enter'].includes(event.key) && event.target.closest?.('button, a, summary, label, [role=button], [role=tab]'); // what they are for there

const MARKS = { BracketLeft: '[', BracketRight: ']', Comma: ',', Period: '.', Minus: '-', Equal: '=', Slash: '/' };

/** What a key means: its letter. Where it writes another script, the letter that a Latin keyboard has there. */
function meaning(event) {
  const { key, code } = event;
  if (key.length !== 1) return key;
  if (key < '\x7f' || event.getModifierState('AltGraph')) return key.toLowerCase();
  return /^(?:Key|Digit)(.)$/.exec(code)?.[1].toLowerCase() ?? MARKS[code] ?? key;
}

/** Delete is for the shot or the run that is shown; on another button it would take away what nobody meant. */
const isElsewhere = event => event.key === 'Delete' && event.target.closest?.('button, a, summary, input') && !event.target.closest('[data-shot], [data-run], [data-panel]');

export function start() {
  addEventListener('keydown', event => {
    if (!event.key || isPressing(event)) return; // what has the focus is pressed, whatever the page means by the key
    if (document.querySelector('dialog[open]')) return;
    const key = meaning(event), isThird = event.getModifierState('AltGraph'); // AltGr is Ctrl and Alt together to Windows
    if ((event.ctrlKey || event.metaKey) && !isThird) {
      if (isTyping(event.target)) return;
      const page = own.get(here())?.[`ctrl+${key}`];
      run(event, page ?? withCtrl[event.shiftKey ? `shift+${key}` : key]);
    } else if ((!event.altKey || isThird) && !isTyping(event.target)) {
      const number = /^\d$/.test(key) ? pageOf(key) : null, digit = event.shiftKey && !number && /^Digit(\d)$/.exec(event.code)?.[1];
      if (isElsewhere(event)) return;
      if (number) { go(number); event.preventDefault() } else if (!(key.startsWith('Arrow') && event.target.closest('input, [role=slider], video'))) run(event, own.get(here())?.[digit ? `shift+${digit}` : key] ?? everywhere[key]);
    } else if (event.key === 'Escape') event.target.blur();
  });
  Studio.showKeys = showKeys;
}

function run(event, deed) {
  if (!deed || deed.when && !deed.when()) return;
  event.preventDefault();
  deed.run();
}

function showKeys() {
  const row = (key, label) => h('li', {}, h('span', {}, label), key && h('kbd', {}, key));
  const name = key => ({ ' ': t('keys.space'), ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓' })[key] ?? key.replace('ctrl+', 'Ctrl ').replace('shift+', 'Shift ').toUpperCase();
  const part = (title, keys) => h('section', {}, h('h3', {}, title), h('ul.keys', {}, Object.entries(keys).filter(([, deed]) => deed.label).map(([key, deed]) => row(name(key), t(deed.label)))));
  const pages = h('section', {}, h('h3', {}, t('rail.pages')), h('ul.keys', {}, PAGES.map(page => row(digitOf(page), t(`page.${page}`)))));
  dialog(t('rail.keys'), h('div.columns', {}, pages,
    part(t('keys.everywhere'), { ...everywhere, ...Object.fromEntries(Object.entries(withCtrl).map(([key, deed]) => [`ctrl+${key}`, deed])) }),
    ...[...own].map(([page, keys]) => part(t(`page.${page}`), keys))));
}
