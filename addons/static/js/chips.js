// Who is in the shots selected, as chips, and a menu to put in more of the cast or somebody by name only.

import { act, h, icon, t, tn } from './core.js';
import { showCharacter } from './cast.js';
import { avatar, cast, isCalled, matching, nameOf, present } from './people.js';
import { selection } from './where.js';

const put = name => act('shot.put_in', { shots: selection(), field: 'characters', values: [name] });
const take = name => act('shot.take_out', { shots: selection(), field: 'characters', values: [name] });

async function describe(name) {
  const id = await act('cast.add', { name });
  if (id) showCharacter(id, 'words');
}

export function chips() {
  const place = h('div.chips'), menu = h('div.menu', { hidden: true });
  const add = h('button.chip.more', { type: 'button', 'aria-label': t('chips.add'), title: t('chips.add'), 'aria-expanded': 'false', onclick: () => menu.hidden ? open() : close() }, icon('plus'));
  const wanted = h('input', { type: 'text', autocomplete: 'off', placeholder: t('chips.find'), 'aria-label': t('chips.find') }), list = h('div.list');
  menu.append(wanted, list);

  function open() { menu.hidden = false; add.setAttribute('aria-expanded', 'true'); wanted.value = ''; suggest(); wanted.focus() }
  function close() { menu.hidden = true; add.setAttribute('aria-expanded', 'false') }
  const pick = deed => { close(); add.focus(); deed() };
  function suggest() {
    const name = wanted.value.trim(), ids = selection();
    const inAll = new Set(present(ids).filter(one => one.who && one.count === ids.length).map(one => one.who.id));
    const item = (picture, words, hint, deed) => h('button', { type: 'button', onclick: () => pick(deed) }, picture, h('span', {}, words), h('small', {}, hint));
    const known = cast().filter(c => !inAll.has(c.id) && matching(name, c)).map(c => item(avatar(c), nameOf(c), tn('cast.in', c.shots.length), () => put(c.id)));
    const isNew = name && !cast().some(c => isCalled(name, c));
    list.replaceChildren(...known, ...isNew ? [
      item(icon('plus'), name, t('chips.new'), async () => { const id = await act('cast.add', { name, shots: selection() }); if (id) showCharacter(id, 'words') }),
      item(icon('more'), name, t('chips.free'), () => put(name)),
    ] : []);
    if (!list.children.length) list.append(h('small.quiet', {}, t('chips.nobody')));
  }
  wanted.addEventListener('input', suggest);
  menu.addEventListener('keydown', event => {
    const items = [...list.querySelectorAll('button')], at = items.indexOf(document.activeElement);
    if (event.key === 'Escape') { event.stopPropagation(); close(); add.focus() }
    else if (event.key === 'Enter' && event.target === wanted) { event.preventDefault(); items[0]?.click() }
    else if (event.key === 'ArrowDown') { event.preventDefault(); items[Math.min(at + 1, items.length - 1)]?.focus() }
    else if (event.key === 'ArrowUp') { event.preventDefault(); at > 0 ? items[at - 1].focus() : wanted.focus() }
    else return;
    event.stopPropagation();
  });
  menu.addEventListener('focusout', event => { if (!menu.contains(event.relatedTarget) && event.relatedTarget !== add) close() });

  let known = '';
  return {
    node: h('div.field.who', { 'data-field': 'characters' }, h('span', {}, t('field.characters')), place, menu),
    draw() {
      const ids = selection(), there = present(ids), now = JSON.stringify([ids.length, there.map(({ who, ...one }) => [one, who?.words, who?.pictures])]);
      if (now === known) return;
      known = now;
      place.replaceChildren(...there.map(one => chip(one, ids.length)), add);
      if (!menu.hidden) suggest();
    },
  };
}

function chip({ who, name, key, count }, all) {
  const isPart = count < all, remove = h('button.off', { type: 'button', 'aria-label': `${t('remove')}: ${name}`, onclick: () => take(key) }, icon('close'));
  const main = who
    ? h('button.main', { type: 'button', title: who.words || t('cast.noWords'), onclick: () => showCharacter(who.id) }, avatar(who), h('span', {}, name))
    : h('button.main', { type: 'button', title: t('chips.describe', { name }), 'aria-label': t('chips.describe', { name }), onclick: () => describe(name) }, avatar(null), h('span', {}, name));
  const part = isPart && h('button.part', { type: 'button', title: t('chips.all'), 'aria-label': `${t('chips.all')}: ${name}`, onclick: () => put(key) }, `${count}/${all}`);
  return h(`span.chip${who ? '' : '.is-stranger'}${isPart ? '.is-part' : ''}`, {}, main, part, remove);
}
