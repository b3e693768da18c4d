// The room a project takes, as one bar; its cache, which can be emptied; its bin, where nothing is lost yet.

import { act, button, fact, follow, h, keyed, notice, put, t, tn } from './core.js';
import { sure } from './dialogs.js';
import { ago } from './recents.js';

const KINDS = ['takes', 'keyframes', 'videos', 'films', 'other', 'cache', 'bin'];

export function bytes(n) {
  if (n < 1000) return `${n} B`;
  const units = ['KB', 'MB', 'GB', 'TB'];
  let power = Math.min(units.length, Math.floor(Math.log10(n) / 3));
  const value = n / 1000 ** power;
  return `${new Intl.NumberFormat(document.documentElement.lang || 'en', { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)} ${units[power - 1]}`;
}

export function mountDisk(place) {
  const bar = h('div.diskbar', { role: 'img' }), legend = h('ul.legend'), total = h('small.used');
  const cache = button(t('disk.emptyCache'), emptyCache, { title: t('disk.emptyCache.hint') });
  const binned = h('ul.binned'), empty = button(t('bin.empty'), askEmpty, { kind: 'danger' });
  const bin = h('details.bin', {}, h('summary', {}), binned, empty);
  place.append(h('div.diskhead', {}, h('h2', {}, t('disk.title')), total, h('div.grow'), cache), bar, legend, bin);
  follow(['disk', 'project'], place, () => {
    const disk = fact('disk'), is = disk && disk.project === fact('project')?.path ? disk : null;
    place.classList.toggle('is-unknown', !is);
    const kinds = is?.kinds ?? {}, all = KINDS.reduce((sum, kind) => sum + (kinds[kind] ?? 0), 0);
    const there = KINDS.filter(kind => kinds[kind]);
    put(total, { text: is ? t('disk.total', { all: bytes(all), free: bytes(is.free) }) : t('disk.measuring') });
    keyed(bar, there, kind => kind, kind => h('i', { data: { kind } }), (part, kind) => { part.style.flexGrow = kinds[kind]; put(part, { title: `${t(`disk.${kind}`)}: ${bytes(kinds[kind])}` }) });
    put(bar, { 'aria-label': there.map(kind => `${t(`disk.${kind}`)}: ${bytes(kinds[kind])}`).join(', ') });
    keyed(legend, there, kind => kind, kind => h('li', { data: { kind } }, h('i'), h('span', {}, t(`disk.${kind}`)), h('b')), (row, kind) => put(row.lastChild, { text: bytes(kinds[kind]) }));
    put(cache, { disabled: !kinds.cache });
    bin.hidden = !is?.bin.length;
    put(bin.firstChild, { text: t('bin.title', { what: tn('bin.files', (is?.bin ?? []).reduce((sum, one) => sum + one.count, 0)), size: bytes(kinds.bin ?? 0) }) });
    keyed(binned, is?.bin ?? [], one => one.name, makeRow, updateRow);
  });
}

async function emptyCache() {
  const freed = await act('project.empty_cache');
  if (freed != null) notice(t('disk.emptied', { size: bytes(freed) }));
}

function makeRow(one) {
  return h('li', {}, h('div', {}, h('b', {}), h('small', {})),
    button(t('bin.restore'), () => restore(one), { mark: 'undo' }), button('', () => askRemove(one), { mark: 'close', kind: 'ghost', title: t('bin.remove') }));
}

function updateRow(row, one) {
  const more = one.count - one.places.length;
  put(row.firstChild.firstChild, { text: one.places.map(place => place.split('/').at(-1)).join(', ') + (more > 0 ? ` ${tn('bin.more', more)}` : '') });
  put(row.firstChild.lastChild, { text: [one.why, one.when > 0 && ago(one.when), bytes(one.size)].filter(Boolean).join(' · ') });
}

async function restore(one) {
  const told = await act('bin.restore', { name: one.name });
  if (told) notice([tn('bin.restored', one.count), ...told].join(' '));
}

const askRemove = one => sure(tn('bin.removeSure', one.count), t('bin.remove'), () => act('bin.remove', { name: one.name }));

function askEmpty() {
  const all = fact('disk')?.bin ?? [];
  sure(tn('bin.emptySure', all.reduce((sum, one) => sum + one.count, 0)), t('bin.empty'), async () => {
    const freed = await act('bin.empty');
    if (freed != null) notice(t('disk.emptied', { size: bytes(freed) }));
  });
}
