// The storyboard: a card for every shot, in order. Drag to move, type to find, everything undoable.

import { act, button, clock, fact, follow, h, icon, keyed, keyframeUrl, notice, percent, put, ratio, seconds, shot, shots, show, stale, t, tn } from './core.js';
import { cardShots, isOpen as isCastOpen, mount as mountCast, setOpen as openCast, takeCharacters } from './cast.js';
import { isActive } from './dock.js';
import { importDialog } from './imports.js';
import { mount as mountInspector } from './inspector.js';
import { offer } from './keys.js';
import { madeOf, onlyMade } from './making.js';
import { avatar, meant, nameOf } from './people.js';
import { hasScenes, makeHead, rows, unfold, updateHead } from './scenes.js';
import { takeBack, undoButtons } from './undoing.js';
import { currentShot, go, isSelected, narrow, select, selectMany, selection, watch, write } from './where.js';

let wanted = ''; // what is being looked for

export function mount(place) {
  const grid = h('div.board', { role: 'grid', 'aria-label': t('page.storyboard'), 'aria-multiselectable': 'true' });
  const count = h('small.count'), find = h('input', { type: 'search', placeholder: t('board.find'), 'aria-label': t('board.find') });
  const size = h('input', { type: 'range', min: '150', max: '420', 'aria-label': t('board.size'), title: t('board.size') });
  const steps = undoButtons();
  const refresh = button('', () => act('stale.render'), { mark: 'again', title: t('stale.render') });
  const inspector = h('aside.inspector'), castPanel = h('aside.cast', { hidden: true });
  const more = h('button.card.add', { type: 'button', onclick: addShot }, icon('plus'), t('board.add'));
  const blank = h('div.empty', { hidden: true }, h('b', {}, t('blank.title')), h('p', {}, t('blank.hint')),
    h('div.deeds', {}, button(t('board.add'), addShot, { kind: 'primary', mark: 'plus' }), button(t('blank.import'), () => importDialog(), { mark: 'drop' })));
  const people = button(t('cast.title'), toggleCast, { mark: 'people', title: t('cast.title'), key: 'M' });
  size.value = localStorage.getItem('studio.card') ?? '230';
  const resize = () => { grid.style.setProperty('--card', `${size.value}px`); localStorage.setItem('studio.card', size.value) };
  size.addEventListener('input', resize);
  resize();
  find.addEventListener('input', () => { wanted = find.value.trim().toLowerCase(); draw() });
  narrow('storyboard', id => !shot(id) || matches(shot(id)));
  place.append(h('div.page.with-inspector', {},
    h('header.head', {}, h('h1', {}, t('page.storyboard')), count, h('div.grow'), find, size, people, h('span.sep'), ...steps.nodes,
      refresh, button(t('board.add'), addShot, { mark: 'plus', key: 'N' }),
      button(t('board.render'), renderMissing, { kind: 'primary', mark: 'spark', key: 'G' })),
    castPanel, h('div.body', {}, blank, grid, more), inspector));
  mountInspector(inspector);
  castPanel.addEventListener('turned', () => { const is = isCastOpen(); people.classList.toggle('is-on', is); put(people, { 'aria-pressed': String(is) }) });
  mountCast(castPanel);
  listen(grid);

  function draw() {
    const about = fact('project');
    const listed = shots().filter(matches);
    grid.style.setProperty('--ratio', ratio());
    put(count, { text: about ? `${tn('count.shots', shots().length)} · ${clock(shots().reduce((sum, s) => sum + s.seconds, 0))}` : '' });
    const old = fact('stale/') ?? 0;
    refresh.hidden = !old;
    put(refresh, { 'aria-label': tn('stale.button', old) });
    refresh.lastChild.tagName === 'SPAN' ? put(refresh.lastChild, { text: tn('stale.button', old) }) : refresh.append(h('span', {}, tn('stale.button', old)));
    steps.draw();
    keyed(grid, rows(listed), row => row.key, row => row.shot ? makeCard(row.shot) : makeHead(row, draw), (node, row) => row.shot ? updateCard(node, row.shot, madeOf(row.shot.id).find(isActive)) : updateHead(node, row));
    grid.classList.toggle('is-empty', !listed.length);
    blank.hidden = shots().length > 0;
    more.hidden = !blank.hidden;
  }
  follow(['order', 'shot/', 'project', 'run/', 'stale/', 'cast'], grid, changed => {
    const ids = onlyMade(changed);
    if (!ids) return draw();
    for (const id of ids) { const card = grid.keyedNodes?.get(id); if (card && shot(id)) updateCard(card, shot(id), madeOf(id).find(isActive)) }
  });
  let current = '';
  watch(grid, () => {
    const now = currentShot();
    if (now !== current && unfold(now)) draw();
    current = now;
    for (const card of grid.querySelectorAll(':scope > .card')) markSelected(card);
  });
  offer('storyboard', {
    n: { run: addShot, label: 'board.add' },
    g: { run: () => act('keyframe.generate', { shots: selection() }), label: 'board.keyframe' },
    v: { run: () => act('video.generate', { shots: selection() }), label: 'board.video' },
    d: { run: duplicate, label: 'board.duplicate' },
    Delete: { run: remove, label: 'board.remove' },
    Enter: { run: () => document.querySelector('#prompt')?.focus(), label: 'board.edit' },
    m: { run: toggleCast, label: 'cast.title' },
    f: { run: () => find.focus(), label: 'board.find' },
    'ctrl+c': { run: () => copy(false), label: 'board.copy', when: noWords },
    'ctrl+x': { run: () => copy(true), label: 'board.cut', when: noWords },
    'ctrl+v': { run: paste, label: 'board.paste' },
  });
}

const matches = s => !wanted || [s.id, s.label, s.prompt, s.description, s.scene, ...s.characters.map(name => meant(name)?.name ?? name)].some(text => text.toLowerCase().includes(wanted));

function makeCard(s) {
  return h('div.card', { tabindex: '0', role: 'row', draggable: 'true', data: { shot: s.id } },
    h('div.pic', { role: 'gridcell' }, h('span.none', {}, t('board.none')), h('img', { alt: '', hidden: true, loading: 'lazy', decoding: 'async' }),
      h('b.id', {}, s.id), h('span.time'), h('span.marks'), h('div.bar', {}, h('i')), h('span.people')),
    h('div.words', { role: 'gridcell' }, h('b.name'), h('p')));
}

function updateCard(card, s, run) {
  const [pic, text] = card.children, [none, img, , time, marks, bar, people] = pic.children;
  const preview = run?.preview ? `studio/preview/${run.id}?v=${run.preview}` : null;
  show(img, preview ?? keyframeUrl(s));
  none.hidden = !!(preview || s.key);
  put(time, { text: seconds(s.seconds) });
  put(text.firstChild, { text: s.label });
  const who = s.characters.map(name => ({ name, is: meant(name) })), look = who.map(({ name, is }) => `${name}|${is ? nameOf(is) : ''}|${is?.pictures.find(p => p.stamp)?.stamp}`).join();
  if (people.dataset.is !== look) {
    people.dataset.is = look;
    people.replaceChildren(...who.slice(0, 4).map(({ name, is }) => Object.assign(avatar(is), { title: is ? nameOf(is) : name })));
  }
  put(text.lastChild, { text: s.prompt || t('board.noPrompt') });
  bar.hidden = !run;
  if (run) bar.firstChild.style.width = percent(run.fraction);
  const state = stateOf(s, run);
  if (marks.dataset.is !== state.join()) {
    marks.dataset.is = state.join();
    marks.replaceChildren(...state.map(name => h(`i.mark.${name}`, { title: t(`mark.${name}`) }, t(`mark.${name}`))));
  }
  put(card, { 'aria-label': `${s.id} ${s.label}. ${state.map(name => t(`mark.${name}`)).join(', ')}. ${s.prompt}` });
  markSelected(card);
}

/** What an artist wants to know of a shot at a glance. */
export function stateOf(s, run) {
  if (run) return [run.state === 'waiting' ? 'queued' : 'rendering'];
  const marks = [];
  if (s.problems.length) marks.push('problem');
  if (!s.prompt.trim()) marks.push('empty');
  if ([stale(s.id).keyframe, stale(s.id).video].includes('stale')) marks.push('stale');
  if (s.own) marks.push('own');
  if (s.vid) marks.push('clip');
  return marks;
}

function markSelected(card) {
  const is = isSelected(card.dataset.shot);
  card.classList.toggle('is-selected', is);
  put(card, { 'aria-selected': String(is) });
}

// --- deeds -----------------------------------------------------------------------------------

const noWords = () => !String(getSelection()); // selected words are what is copied

function toggleCast() {
  openCast(!isCastOpen());
  if (isCastOpen()) (document.querySelector('.cast .face') ?? document.querySelector('.cast button')).focus();
}

async function addShot() {
  const id = await act('shot.add', { after: selection().at(-1) ?? null });
  if (id) write('storyboard', id);
}

async function duplicate() {
  if (!selection().length) return;
  const ids = await act('shot.duplicate', { shots: selection() });
  if (ids) selectMany(ids);
}

async function remove() {
  const gone = selection();
  if (!gone.length) return;
  const order = fact('order'), next = order.slice(order.indexOf(gone.at(-1)) + 1)[0] ?? order[order.indexOf(gone[0]) - 1];
  const step = await act('shot.remove', { shots: gone });
  if (step === undefined) return;
  if (next) go('storyboard', next);
  notice(tn('board.removed', gone.length), '', takeBack(step));
}

function renderMissing() {
  const many = selection().length > 1, bare = shots().filter(s => !s.key && s.prompt.trim()).map(s => s.id);
  const ids = many ? selection() : bare.length ? bare : selection();
  act('keyframe.generate', { shots: ids });
}

const CLIP = 'studio.shots'; // what was copied; also for another project, opened later

async function copy(isCut) {
  const ids = selection(), copied = ids.length && await act('shot.copy', { shots: ids });
  if (!copied) return;
  localStorage.setItem(CLIP, JSON.stringify(copied));
  if (isCut && await act('shot.remove', { shots: ids }) === undefined) return;
  notice(tn(isCut ? 'board.didCut' : 'board.copied', ids.length));
}

async function paste() {
  const copied = localStorage.getItem(CLIP);
  if (!copied) return notice(t('board.nothingCopied'));
  const ids = await act('shot.paste', { shots: JSON.parse(copied), after: selection().at(-1) ?? null });
  if (ids) selectMany(ids);
}

// --- mouse -----------------------------------------------------------------------------------

function listen(grid) {
  grid.addEventListener('click', event => {
    const card = event.target.closest('.card');
    if (card) select(card.dataset.shot, { range: event.shiftKey, toggle: event.ctrlKey || event.metaKey });
  });
  grid.addEventListener('dblclick', event => event.target.closest('.card') && go('keyframes', event.target.closest('.card').dataset.shot));
  grid.addEventListener('keydown', event => { if (event.key === ' ' && event.target.matches('.card')) { event.preventDefault(); select(event.target.dataset.shot) } });
  dragToOrder(grid, '.card, .scene-head', (ids, before, over) => act('shot.move', { shots: ids, before, ...(hasScenes() ? { scene: over.scene ?? shot(over.dataset.shot).scene } : {}) }));
  takeCharacters(grid, '.card', cardShots);
}

/** Dragging shots to another place; a line shows where they would go. */
export function dragToOrder(grid, what, move) {
  let dragged = [];
  const target = event => {
    const item = event.target.closest(what);
    if (!item) return null;
    const box = item.getBoundingClientRect();
    return { item, isAfter: !item.dataset.first && event.clientX > box.left + box.width / 2 }; // a heading: before its first
  };
  const clear = () => grid.querySelectorAll('.drop-before, .drop-after').forEach(item => item.classList.remove('drop-before', 'drop-after'));
  grid.addEventListener('dragstart', event => {
    const item = event.target.closest(what);
    if (!item?.dataset.shot) return;
    dragged = isSelected(item.dataset.shot) ? selection() : [item.dataset.shot];
    event.dataTransfer.effectAllowed = 'move';
    event.dataTransfer.setData('text/plain', dragged.map(id => shot(id)?.prompt ?? '').join('\n'));
    item.classList.add('is-dragged');
  });
  grid.addEventListener('dragend', () => { dragged = []; clear(); grid.querySelectorAll('.is-dragged').forEach(i => i.classList.remove('is-dragged')) });
  grid.addEventListener('dragover', event => {
    if (!dragged.length) return;
    event.preventDefault();
    clear();
    const over = target(event);
    over?.item.classList.add(over.isAfter ? 'drop-after' : 'drop-before');
  });
  grid.addEventListener('drop', event => {
    const over = target(event);
    if (!dragged.length || !over) return;
    event.preventDefault();
    const order = fact('order'), at = order.indexOf(over.item.dataset.shot ?? over.item.dataset.first) + (over.isAfter ? 1 : 0);
    move(dragged, order[at] ?? null, over.item);
  });
}

