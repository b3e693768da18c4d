// The prompt as it will be sent, as the studio composed it: each phrase shows and leads to where it comes from.

import { ask, debounce, fact, follow, h, icon, put, shot, t, tn } from './core.js';
import { showCharacter } from './cast.js';
import { copyText } from './copytext.js';
import { nameOf, person } from './people.js';
import { selection, watch } from './where.js';

const KINDS = { camera: 'move', motion: 'move', composition: 'frame', lighting: 'light', time_of_day: 'light', color_grade: 'light', style: 'style', mood: 'style' };
const kindOf = origin => origin.startsWith('character:') ? 'character' : origin === 'shot' ? 'shot' : KINDS[origin] ?? 'style';

function nameOfOrigin(origin) {
  if (origin === 'shot') return t('field.prompt');
  if (origin.startsWith('character:')) { const who = person(origin.slice(10)); return who ? nameOf(who) : origin.slice(10) }
  const key = `field.tags.${origin}`, name = t(key);
  return name === key ? origin : name;
}

/** The field a phrase comes from. */
function fieldOf(origin, s, text) {
  if (origin === 'shot') return 'prompt';
  if (origin === 'camera') return s.tags.camera || !s.motion.kind ? 'tags.camera' : 'motion.kind';
  if (origin !== 'motion') return `tags.${origin}`;
  const notes = s.motion.notes.trim().toLowerCase();
  return notes && text.toLowerCase().includes(notes) ? 'motion.notes' : s.tags.motion ? 'tags.motion' : 'motion.strength';
}

export function asSent(focusOn) {
  let side = localStorage.getItem('studio.side') === 'clip' ? 'clip' : 'picture', answer = null, of = '', asked = 0;
  const isOpen = () => body.hidden === false;
  const tabs = ['picture', 'clip'].map(name => h('button', { type: 'button', role: 'tab', id: `sent-${name}`, 'aria-controls': 'sent', data: { side: name }, onclick: () => turn(name) }, t(`sent.${name}`)));
  const copy = h('button.copy', { type: 'button', title: t('sent.copy'), 'aria-label': t('sent.copy'), onclick: toClipboard }, icon('copy'));
  const fold = h('button.fold', { type: 'button', 'aria-controls': 'sent', onclick: () => { setOpen(!isOpen()); again() } }, icon('down'), h('span', {}, t('sent.title')));
  const body = h('div.sent-body', { id: 'sent', role: 'tabpanel', tabindex: '0' });
  const list = h('div.tabs', { role: 'tablist', 'aria-label': t('sent.title') }, tabs);
  list.addEventListener('keydown', event => { if (event.key.startsWith('Arrow') && event.key !== 'ArrowUp' && event.key !== 'ArrowDown') { event.preventDefault(); event.stopPropagation(); turn(side === 'clip' ? 'picture' : 'clip'); tabs.find(tab => tab.dataset.side === side).focus() } });
  const node = h('section.sent', { 'aria-label': t('sent.title') }, h('header', {}, fold, list, h('div.grow'), copy), body);

  function setOpen(is) { body.hidden = list.hidden = copy.hidden = !is; fold.setAttribute('aria-expanded', String(is)); localStorage.setItem('studio.sent', is ? '1' : '') }
  function turn(to) { side = to; localStorage.setItem('studio.side', to); draw() }
  const load = debounce(async () => {
    const id = selection()[0], mine = ++asked;
    if (!id || !isOpen()) return;
    const came = await ask('prompt.parts', { shot: id }).catch(() => null); // a shot that has just gone
    if (mine === asked && came) { answer = came; of = id; draw() }
  }, 120);
  const again = () => load(true);

  function draw() {
    for (const tab of tabs) put(tab, { 'aria-selected': String(tab.dataset.side === side), tabindex: tab.dataset.side === side ? '0' : '-1' });
    put(body, { 'aria-labelledby': `sent-${side}` });
    put(fold.lastChild, { text: selection().length > 1 ? `${t('sent.title')} · ${of}` : t('sent.title') }); // of the first of several
    const s = shot(of), its = answer?.[side];
    if (!s || !its) return body.replaceChildren();
    const beside = [its.references && tn('sent.references', its.references), its.lora && `LoRA ${its.lora}`].filter(Boolean).join(' · ');
    const lost = [its.negative && !its.places.negative && t('field.negative'), its.references > its.places.references && t('field.references'), its.lora && !its.places.lora && t('field.lora')].filter(Boolean);
    body.replaceChildren(...[
      h('p.said', {}, its.parts.length ? its.parts.flatMap(part => phrase(part, s)) : h('span.quiet', {}, t('board.noPrompt'))),
      its.negative && h('p.not', { class: its.places.negative ? '' : 'is-lost' }, h('b', {}, t('field.negative')), ' ', link(its.negative, () => focusOn('negative'), t('field.negative'))),
      beside && h('p.beside', {}, beside),
      lost.length > 0 && h('p.lost', {}, t('sent.lost', { what: lost.join(', '), workflow: its.workflow })),
      its.left_out.length > 0 && h('ul.out', { 'aria-label': t('sent.out') }, its.left_out.map(out => h('li', {}, link(nameOut(out), () => lead(out.origin, s, out.tag), nameOfOrigin(out.origin)), ' ', out.why))),
    ].filter(Boolean));
  }
  const nameOut = out => out.origin.startsWith('character:') ? nameOfOrigin(out.origin) : fact('presets')?.[out.origin]?.[out.tag] ?? out.tag;
  const lead = (origin, s, text) => origin.startsWith('character:') ? showCharacter(origin.slice(10), 'words') : focusOn(fieldOf(origin, s, text));

  function phrase(part, s) { // the space before a phrase belongs to no phrase
    const words = part.text.trimStart(), space = part.text.slice(0, part.text.length - words.length);
    const piece = link(words, () => lead(part.origin, s, words), t('sent.from', { what: nameOfOrigin(part.origin) }));
    piece.dataset.kind = kindOf(part.origin);
    piece.dataset.origin = part.origin;
    return [space, piece];
  }

  function link(words, run, title) { // no button: a button does not wrap with the words around it
    const act = () => { if (!String(getSelection())) run() };
    return h('span.phrase', { role: 'button', tabindex: '0', title, onclick: act, onkeydown: event => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); event.stopPropagation(); run() } } }, words);
  }

  function toClipboard() {
    const words = answer?.[side]?.parts.map(part => part.text).join('') ?? '';
    if (words) copyText(words, 'sent.copied', body.querySelector('p'));
  }

  setOpen((localStorage.getItem('studio.sent') ?? '1') === '1');
  draw();
  follow(['shot/', 'project', 'cast', 'settings', 'order'], node, keys => { if ([...keys].some(key => !key.startsWith('shot/') || key === `shot/${selection()[0]}`)) again() });
  let seen = '';
  watch(node, () => { const now = `${selection()[0]} ${selection().length > 1}`; if (now !== seen) { seen = now; again() } });
  return { node, draw() {} };
}
