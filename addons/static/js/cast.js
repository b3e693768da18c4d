// The cast beside the board: every character with picture, words, LoRA and notes, and in which shots it is.

import { act, ask, button, follow, h, icon, keyed, notice, put, t, tn } from './core.js';
import { flushEdits, pictures, text } from './fields.js';
import { avatar, cast, nameOf, person, strangers } from './people.js';
import { takeBack } from './undoing.js';
import { isSelected, selectMany, selection, watch } from './where.js';

const DRAGGED = 'application/x-studio-character';
let panel = null, opened = '', list = null, adding = null;

export const isOpen = () => panel && !panel.hidden;

export function setOpen(is) {
  panel.hidden = !is;
  panel.closest('.page').classList.toggle('has-cast', is);
  localStorage.setItem('studio.cast', is ? '1' : '');
  panel.dispatchEvent(new Event('turned'));
  if (is) draw();
}

/** Open the panel at a character; with a field, ready to write in it. */
export function showCharacter(id, field = '', tries = 20) {
  if (!person(id)) return tries ? setTimeout(() => showCharacter(id, field, tries - 1), 50) : null; // not told of yet
  if (!isOpen()) setOpen(true);
  opened = id;
  draw();
  const item = list.querySelector(`[data-character="${CSS.escape(id)}"]`);
  item.scrollIntoView({ block: 'nearest' });
  item.querySelector(field ? `[data-field="${field}"] :is(input, textarea)` : '.face').focus();
}

export function mount(place) {
  panel = place;
  const name = h('input', { type: 'text', autocomplete: 'off', placeholder: t('cast.newName'), 'aria-label': t('cast.newName') });
  adding = h('form.adding', { hidden: true, onsubmit: event => { event.preventDefault(); add(name) }, onkeydown: event => { if (event.key === 'Escape') { event.stopPropagation(); adding.hidden = true } } }, name, button(t('cast.add'), () => add(name), { kind: 'primary' }));
  list = h('ul.people', {});
  const count = h('small.count'), none = h('div.none', {}, h('p', {}, t('cast.none')), button(t('cast.new'), begin, { mark: 'plus' })), others = h('section.strangers', { hidden: true }, h('h3', {}, t('cast.strangers')), h('div.chips'));
  place.setAttribute('aria-label', t('cast.title'));
  place.append(h('header', {}, h('h2', {}, t('cast.title')), count, h('div.grow'), button('', begin, { mark: 'plus', kind: 'ghost', title: t('cast.new') }), button('', () => setOpen(false), { mark: 'close', kind: 'ghost', title: t('close') })), adding, none, list, others);
  place.redraw = () => {
    put(count, { text: cast().length ? String(cast().length) : '' });
    none.hidden = cast().length > 0 || !adding.hidden;
    keyed(list, cast(), c => c.id, makePerson, updatePerson);
    const names = strangers();
    others.hidden = !names.length;
    if (others.dataset.is !== names.join('\n')) {
      others.dataset.is = names.join('\n');
      others.lastChild.replaceChildren(...names.map(name => h('button.chip.is-stranger', { type: 'button', title: t('chips.describe', { name }), 'aria-label': t('chips.describe', { name }), onclick: () => describe(name) }, avatar(null), h('span.main', {}, name), icon('plus'))));
    }
  };
  follow(['cast'], place, draw);
  watch(place, draw);
  if (localStorage.getItem('studio.cast') === '1') setTimeout(() => setOpen(true));
}

const draw = () => { if (isOpen()) panel.redraw() };

function begin() {
  adding.hidden = !adding.hidden;
  draw();
  if (!adding.hidden) adding.querySelector('input').focus();
}

async function add(control) {
  const name = control.value.trim();
  if (!name) return control.focus();
  const id = await act('cast.add', { name });
  if (!id) return;
  control.value = '';
  adding.hidden = true;
  showCharacter(id, 'words');
}

async function describe(name) {
  const id = await act('cast.add', { name });
  if (id) showCharacter(id, 'words');
}

// --- one of them -----------------------------------------------------------------------------

function source(id) {
  const set = (field, value, seen = {}, how = {}) => ask('cast.set', { who: id, field, value, ...seen }, how);
  const paths = field => person(id)?.[field].map(p => p.path) ?? [];
  return {
    about: 'cast', ids: () => [id], get: (one, field) => person(one)?.[field], label: field => t(`cast.${field}`),
    ask: (ids, field, value, seen, how) => set(field, value, seen, how),
    bring: (upload, how) => ask('reference.bring', { upload }, how),
    addPictures: (field, more, ids, how) => set(field, [...paths(field), ...more], {}, how),
    dropPicture: (field, path) => set(field, paths(field).filter(other => other !== path)),
  };
}

function makePerson({ id }) {
  const its = source(id), toggle = () => { flushEdits(); opened = opened === id ? '' : id; draw() };
  const face = h('button.face', { type: 'button', onclick: toggle }, h('span.avatar'), h('span.words', {}, h('b'), h('small')), h('span.n'));
  const join = h('button.join', { type: 'button', onclick: () => join.ariaPressed === 'true' ? act('shot.take_out', { shots: selection(), field: 'characters', values: [id] }) : act('shot.put_in', { shots: selection(), field: 'characters', values: [id] }) }, icon('plus'), icon('check'));
  const fields = [text(its, 'name'), text(its, 'words', { rows: 3, placeholder: t('cast.words.hint') }), pictures(its, 'pictures', { many: true }), text(its, 'lora', { placeholder: t('cast.lora.hint') }), text(its, 'notes', { rows: 2, placeholder: t('cast.notes.hint') })];
  const where = button('', () => showShots(id), { kind: 'link', title: t('cast.show') }), problems = h('p.problem', { hidden: true });
  where.append(h('span'));
  const more = h('div.more', {}, problems, fields.map(field => field.node), h('div.deeds', {}, where, h('div.grow'), button(t('cast.remove'), () => remove(id), { mark: 'bin', kind: 'danger' })));
  const node = h('li.person', { data: { character: id }, draggable: 'true' }, h('div.top', {}, face, join), more);
  node.addEventListener('dragstart', event => {
    if (event.target !== node || node.contains(document.activeElement) && document.activeElement.matches('input, textarea')) return event.preventDefault();
    event.dataTransfer.effectAllowed = 'link';
    event.dataTransfer.setData(DRAGGED, id);
    node.classList.add('is-dragged');
  });
  face.addEventListener('keydown', event => { if (event.key === 'Delete') { event.stopPropagation(); remove(id) } }); // not the shots selected
  node.addEventListener('dragend', () => node.classList.remove('is-dragged'));
  return Object.assign(node, { parts: { face, join, more, fields, where, problems } });
}

function updatePerson(node, c) {
  const { face, join, more, fields, where, problems } = node.parts, is = opened === c.id, ids = selection();
  const look = JSON.stringify([c.pictures[0], nameOf(c)]);
  if (node.dataset.look !== look) { node.dataset.look = look; face.replaceChild(avatar(c), face.firstChild) }
  put(face.children[1].firstChild, { text: nameOf(c) });
  put(face.children[1].lastChild, { text: c.words || t('cast.noWords') });
  put(face.lastChild, { text: c.shots.length ? `×${c.shots.length}` : '', title: tn('cast.in', c.shots.length) });
  put(face, { 'aria-expanded': String(is), 'aria-label': `${nameOf(c)}, ${tn('cast.in', c.shots.length)}` });
  const inAll = ids.length > 0 && ids.every(id => c.shots.includes(id)), to = ids.length > 1 ? tn('count.shots', ids.length) : ids[0] ?? '';
  put(join, { 'aria-pressed': String(inAll), title: t(inAll ? 'cast.takeOut' : 'cast.putIn', { shots: to }), 'aria-label': `${nameOf(c)}: ${t(inAll ? 'cast.takeOut' : 'cast.putIn', { shots: to })}`, disabled: !ids.length });
  node.classList.toggle('is-open', is);
  node.draggable = !is; // so that words in its fields can be selected with the mouse
  more.hidden = !is;
  if (!is) return;
  problems.hidden = !c.problems.length;
  put(problems, { text: c.problems.join(' ') });
  put(where.lastChild, { text: tn('cast.in', c.shots.length) });
  where.disabled = !c.shots.length;
  for (const field of fields) field.draw();
}

function showShots(id) {
  const there = person(id)?.shots ?? [];
  if (!there.length) return;
  selectMany(there);
  document.querySelector(`.board [data-shot="${CSS.escape(there[0])}"]`)?.scrollIntoView({ block: 'nearest' });
}

async function remove(id) {
  const c = person(id);
  await flushEdits();
  const step = c ? await act('cast.remove', { who: id }) : undefined;
  if (step === undefined) return;
  notice(c.shots.length ? tn('cast.removed', c.shots.length, { name: nameOf(c) }) : t('cast.gone', { name: nameOf(c) }), '', takeBack(step));
}

// --- dragged onto shots ----------------------------------------------------------------------

/** Characters may be dropped on cards: on one that is selected they reach all that are. */
export function takeCharacters(place, what, idsOf) {
  const isOne = event => event.dataTransfer.types.includes(DRAGGED), clear = () => place.querySelectorAll('.is-over').forEach(item => item.classList.remove('is-over'));
  place.addEventListener('dragover', event => {
    const item = isOne(event) && event.target.closest(what);
    clear();
    if (!item) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'link';
    item.classList.add('is-over');
  });
  place.addEventListener('dragleave', event => { if (!place.contains(event.relatedTarget)) clear() });
  place.addEventListener('drop', event => {
    const item = isOne(event) && event.target.closest(what);
    clear();
    if (!item) return;
    event.preventDefault();
    act('shot.put_in', { shots: idsOf(item), field: 'characters', values: [event.dataTransfer.getData(DRAGGED)] });
  });
}

export const cardShots = card => isSelected(card.dataset.shot) ? selection() : [card.dataset.shot];
