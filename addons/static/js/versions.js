// Versions: a ComfyUI with its nodes, packages and models, the same everywhere; what is made of it, and its room.

import { act, button, fact, follow, h, isSeen, keyed, put, t, tn } from './core.js';
import { bytes } from './disk.js';
import { offer } from './keys.js';
import { commitOf, draws, makeDetail } from './version-detail.js';
import { newVersion } from './version-dialogs.js';
import { isAtWork, makeWork } from './version-work.js';
import { watch } from './where.js';

const FRESH = 5000; // ms that what lies on the disk is believed
const ROOM = ['models', 'envs', 'uv', 'git', 'own'];

let chosen = ''; // whose details are shown
let looked = 0;

export function mount(place) {
  const count = h('small.count'), tools = h('div.deeds', {}, button(t('versions.new'), newVersion, { mark: 'plus', kind: 'primary', key: 'N' }));
  const work = makeWork(), rows = h('ul.list', { 'aria-label': t('page.versions') }), room = makeRoom(), detail = makeDetail();
  const blank = h('div.empty', {}, h('b', {}, t('versions.none')), h('p', {}, t('versions.none.how')), button(t('versions.new'), newVersion, { kind: 'primary' }));
  place.append(h('div.page.versions', {}, h('header.head', {}, h('h1', {}, t('page.versions')), count, h('div.grow'), tools),
    h('div.body', {}, work.place, rows, blank, room.place), detail.place));

  const draw = () => {
    const told = fact('versions'), list = told?.list ?? [];
    if (!list.some(one => one.id === chosen)) chosen = (list.find(one => draws(one.id)) ?? list[0])?.id ?? '';
    put(count, { text: list.length ? tn('versions.count', list.length) : '' });
    blank.hidden = !told || !!list.length;
    tools.hidden = !blank.hidden;
    keyed(rows, list, one => one.id, one => makeRow(one, () => { chosen = one.id; draw() }), updateRow);
    detail.draw(list.find(one => one.id === chosen));
    room.draw(told);
  };
  const look = () => { if (Date.now() - looked > FRESH) { looked = Date.now(); act('version.look') } };
  follow(['versions', 'settings', 'version/work'], place, draw);
  follow(['version/work'], place, work.draw);
  follow(['connection'], place, look);
  watch(place, look);
  addEventListener('focus', () => isSeen(place) && look());
  offer('versions', { n: { run: newVersion, label: 'versions.new' } });
}

function makeRow(one, choose) {
  return h('li.version', {}, h('span.dot'), h('button.what', { type: 'button', onclick: choose }, h('b'), h('small')), h('span.state'), h('code'), h('span.size'),
    h('div.do', {}, button(t('versions.realize'), () => act('version.realize', { id: one.id }), { mark: 'download', title: t('versions.realize.hint') }), button(t('versions.use'), () => act('version.use', { id: one.id }), { mark: 'play' })));
}

function updateRow(row, one) {
  const [, what, state, closure, size, deeds] = row.children, [realize, use] = deeds.children, isDrawing = draws(one.id);
  put(row, { 'data-state': one.state, 'data-chosen': one.id === chosen, 'data-draws': isDrawing });
  put(what, { 'aria-pressed': String(one.id === chosen) });
  put(what.firstChild, { text: one.id });
  put(what.lastChild, { text: aboutOf(one) });
  put(state, { text: isDrawing && one.state !== 'broken' ? t('versions.draws') : t(`versions.state.${one.state}`) });
  put(closure, { text: one.closure.slice(0, 12), title: one.closure && t('versions.closure.is', { closure: one.closure }) });
  put(size, { text: one.own ? bytes(one.own) : '' });
  realize.hidden = !['spec', 'resolved', 'changed'].includes(one.state);
  put(realize, { disabled: isAtWork() });
  use.hidden = isDrawing || !['realized', 'changed'].includes(one.state);
}

function aboutOf(one) {
  if (one.state === 'broken') return one.said;
  const weight = one.models.reduce((sum, model) => sum + (model.size ?? 0), 0);
  return ['ComfyUI', commitOf(one.comfy), one.nodes.length && tn('versions.nodes', one.nodes.length), one.models.length && tn('versions.models', one.models.length), weight && bytes(weight)].filter(Boolean).join(' · ').replace('ComfyUI · ', 'ComfyUI ');
}

/** What all of them take on the disk: most of it is there once for all. */
function makeRoom() {
  const total = h('small.used'), bar = h('div.roombar', { role: 'img' }), legend = h('ul.legend'), where = h('small.where');
  const sweep = button(t('versions.collect'), () => act('version.collect', { is_dry: true }), { title: t('versions.collect.hint') });
  const place = h('section.room', { 'aria-label': t('versions.room') }, h('header', {}, h('h2', {}, t('versions.room')), total, h('div.grow'), sweep), bar, legend, where);
  const draw = told => {
    const own = (told?.list ?? []).reduce((sum, one) => sum + (one.own ?? 0), 0), kinds = { ...told?.shared, own };
    const there = ROOM.filter(kind => kinds[kind]), name = kind => t(`versions.room.${kind}`);
    place.hidden = !there.length;
    put(total, { text: t('versions.room.total', { all: bytes(there.reduce((sum, kind) => sum + kinds[kind], 0)), own: bytes(own) }) });
    keyed(bar, there, kind => kind, kind => h('i', { data: { kind } }), (part, kind) => { part.style.flexGrow = kinds[kind]; put(part, { title: `${name(kind)}: ${bytes(kinds[kind])}` }) });
    put(bar, { 'aria-label': there.map(kind => `${name(kind)}: ${bytes(kinds[kind])}`).join(', ') });
    keyed(legend, there, kind => kind, kind => h('li', { data: { kind } }, h('i'), h('span', {}, name(kind)), h('b')), (row, kind) => put(row.lastChild, { text: bytes(kinds[kind]) }));
    put(where, { text: told?.store ?? '' });
    put(sweep, { disabled: isAtWork() });
  };
  return { place, draw };
}
