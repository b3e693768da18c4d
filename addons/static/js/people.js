// The characters of the board: who there is, whom a name in a shot means, and how they are shown.

import { fact, h, shot, thumbUrl } from './core.js';

export const cast = () => fact('cast')?.who ?? [];
export const person = id => cast().find(c => c.id === id);
export const nameOf = c => c.name || c.id;
const alike = name => name.trim().toLowerCase();

/** Whom a name means that a shot uses; nobody, when the board does not know it. */
export const meant = name => person(fact('cast')?.called[name]);

/** Who is in some shots, in their order: characters, and names of no character; and in how many of them. */
export function present(ids) {
  const found = new Map();
  for (const id of ids) {
    const here = new Map((shot(id)?.characters ?? []).map(name => { const who = meant(name); return [who ? `id ${who.id}` : `name ${alike(name)}`, { who, name: who ? nameOf(who) : name, key: who?.id ?? name }] }));
    for (const [key, one] of here) found.set(key, { ...one, count: (found.get(key)?.count ?? 0) + 1 });
  }
  return [...found.values()];
}

/** Names that shots use for nobody of the cast. */
export const strangers = () => [...new Map(Object.entries(fact('cast')?.called ?? {}).filter(([, id]) => id === null).map(([name]) => [alike(name), name])).values()];

export function avatar(who, name = who ? nameOf(who) : '?') {
  const picture = who?.pictures.find(p => p.media && p.stamp);
  return picture ? h('span.avatar', {}, h('img', { src: thumbUrl(picture.media, picture.stamp, 160), alt: '', draggable: 'false' }))
    : h(`span.avatar${who ? '' : '.stranger'}`, { 'aria-hidden': 'true' }, who ? [...name.trim()][0]?.toUpperCase() ?? '·' : '?');
}

export const matching = (wanted, c) => !wanted || [c.id, c.name].some(words => alike(words).includes(alike(wanted)));
export const isCalled = (name, c) => [c.id, c.name].some(words => alike(words) === alike(name));
