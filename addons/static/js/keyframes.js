// Keyframes: the variants of one shot to choose from, or all shots on a light table.

import { act, button, fact, follow, h, keyed, keyframeUrl, notice, percent, put, ratio, shot, shots, show, stale, t, tn } from './core.js';
import { noShots } from './blank.js';
import { compare } from './compare.js';
import { isActive } from './dock.js';
import { offer } from './keys.js';
import { madeOf, onlyMade } from './making.js';
import { estimate } from './money.js';
import { onProject } from './otherproject.js';
import { drawRecipe } from './recipe.js';
import { makeTable } from './table.js';
import { bring, countOf, droppable, failedOf, label, makeTake, picturesOf, pick, rate, reject, takeUrl, updateTake } from './takes.js';
import { valuesOf } from './values.js';
import { currentShot, go, isSelected, select, selection, watch } from './where.js';

let current = ''; // name of the take that is looked at
let isTable = localStorage.getItem('studio.table') === '1';
const held = new Set(); // takes marked to be compared
onProject(() => { current = ''; held.clear() });

export function mount(place) {
  const count = h('input', { type: 'number', min: '1', max: '32', 'aria-label': t('keyframes.count'), title: t('keyframes.count') });
  const parts = { list: h('div.shots', { role: 'listbox', 'aria-label': t('keyframes.shots'), 'aria-multiselectable': 'true' }), stage: h('div.stage'), grid: h('div.variants', { role: 'listbox', 'aria-label': t('keyframes.variants') }), recipe: h('aside.inspector'), table: h('div.table') };
  const tableButton = button(t('keyframes.table'), () => setTable(!isTable), { mark: 'grid', key: 'L' });
  const chooser = h('input', { type: 'file', accept: 'image/*', multiple: true, hidden: true, onchange: () => { bring(currentShot(), [...chooser.files]); chooser.value = '' } });
  const info = h('small.count'), cost = h('small.estimate', { title: t('money.estimate.hint') });
  const page = h('div.page.keyframes', {},
    h('header.head', {}, h('h1', {}, t('page.keyframes')), info, h('div.grow'), tableButton, button(t('keyframes.own'), () => chooser.click(), { mark: 'image' }), chooser, h('span.sep'), cost, count,
      button(t('keyframes.missing'), missing, { mark: 'plus' }),
      button(t('keyframes.generate'), generate, { kind: 'primary', mark: 'spark', key: 'G' })),
    parts.list, h('div.middle', {}, parts.stage, parts.grid), parts.recipe, parts.table);
  place.append(page);
  const stage = makeStage(parts.stage);
  const drawTable = makeTable(parts.table, id => { setTable(false); go('keyframes', id) });
  droppable(parts.stage, files => bring(currentShot(), files));
  droppable(parts.recipe, files => valuesOf(files[0]));

  function generate() { act('keyframe.generate', { shots: selection(), count: Number(count.value) }) }
  function missing() {
    const ids = shots().filter(s => s.prompt.trim() && !countOf(s)).map(s => s.id);
    ids.length ? act('keyframe.generate', { shots: ids, count: Number(count.value) }) : notice(t('keyframes.nothingMissing'));
  }
  function setTable(is) { isTable = is; localStorage.setItem('studio.table', is ? '1' : ''); draw() }

  function draw() {
    page.classList.toggle('is-table', isTable);
    tableButton.classList.toggle('is-on', isTable);
    page.style.setProperty('--ratio', ratio());
    put(count, { placeholder: String(fact('project')?.variants ?? 2) });
    drawCost();
    put(info, { text: tn('count.takes', shots().reduce((sum, s) => sum + countOf(s), 0)) });
    if (isTable) return drawTable();
    keyed(parts.list, shots(), s => s.id, makeRow, updateRow);
    const s = shot(currentShot()), takes = picturesOf(s);
    if (!takes.some(take => take.name === current)) current = (takes.find(take => take.isPicked) ?? takes.at(-1))?.name ?? '';
    keyed(parts.grid, takes, take => take.name, makeTake, (node, take) => updateTake(node, take, { isCurrent: take.name === current, isHeld: held.has(take.name) }));
    stage.draw(s, one());
    drawRecipe(parts.recipe, s, one());
  }

  const drawCost = () => put(cost, { text: estimate('keyframe', selection().length * (Number(count.value) || (fact('project')?.variants ?? 2))) });
  count.addEventListener('input', drawCost);
  follow(['money', 'backend', 'settings'], page, drawCost);

  function drawMade(ids) {
    if (isTable) return;
    for (const id of ids) { const row = parts.list.keyedNodes?.get(id); if (row) drawBar(row, id) }
    if (ids.has(currentShot())) stage.draw(shot(currentShot()), one());
  }

  follow(['shot/', 'order', 'project', 'run/', 'stale/'], page, changed => { const ids = onlyMade(changed); ids ? drawMade(ids) : draw() });
  let seen = '';
  watch(page, () => { if (seen !== currentShot()) { seen = currentShot(); current = '' } draw(); scrollToRow(parts.list) });
  parts.list.addEventListener('click', event => { const row = event.target.closest('[data-shot]'); if (row) select(row.dataset.shot, { range: event.shiftKey, toggle: event.ctrlKey || event.metaKey }) });
  parts.list.addEventListener('keydown', event => {
    if (!['Enter', ' '].includes(event.key) || !event.target.matches('[data-shot]')) return;
    event.preventDefault();
    event.stopPropagation();
    select(event.target.dataset.shot);
  });
  // whatever has the focus is the take that keys mean
  parts.grid.addEventListener('focusin', event => { const node = event.target.closest('.take'); if (node && node.dataset.take !== current) { current = node.dataset.take; draw() } });
  parts.table.addEventListener('focusin', event => { const node = event.target.closest('.take'); if (node) { go('keyframes', node.dataset.shot); current = node.dataset.take } });
  parts.grid.addEventListener('click', event => {
    const node = event.target.closest('.take');
    if (!node) return;
    if (event.ctrlKey || event.metaKey) hold(node.dataset.take);
    current = node.dataset.take;
    draw();
  });
  parts.grid.addEventListener('dblclick', event => event.target.closest('.take') && pick(one()));
  parts.table.addEventListener('click', event => {
    const node = event.target.closest('.take');
    if (!node) return;
    go('keyframes', node.dataset.shot);
    current = node.dataset.take;
    pick(one());
  });

  const one = (id = currentShot()) => picturesOf(shot(id)).find(take => take.name === current);
  const along = by => {
    const takes = picturesOf(shot(currentShot())), at = takes.findIndex(take => take.name === current) + by;
    if (takes[at]) { current = takes[at].name; draw(); parts.grid.querySelector('.is-current')?.scrollIntoView({ block: 'nearest' }) }
  };
  const hold = name => { held.has(name) ? held.delete(name) : held.add(name); draw() };
  const compareHeld = () => {
    const takes = picturesOf(shot(currentShot())), two = takes.filter(take => held.has(take.name)).slice(0, 2);
    if (two.length < 2) { const mine = one(), other = takes.find(take => take.isPicked && take !== mine) ?? takes.find(take => take !== mine); if (mine && other) two.splice(0, 2, other, mine) }
    two.length === 2 ? compare(two[0], two[1]) : notice(t('keyframes.twoNeeded'));
  };
  Studio.keyframes = { along, pick: () => pick(one()), reject: () => reject(one()), star: () => one() && act('take.star', { take: current }), hold: () => one() && hold(current), compare: compareHeld, zoom: () => stage.zoom() };
  const stars = Object.fromEntries([1, 2, 3, 4, 5].map(n => [`shift+${n}`, { run: () => rate(one(), n) }]));
  offer('keyframes', {
    g: { run: generate, label: 'keyframes.generate' },
    ArrowRight: { run: () => along(1), label: 'keyframes.next' },
    ArrowLeft: { run: () => along(-1), label: 'keyframes.previous' },
    p: { run: () => pick(one()), label: 'take.pick' },
    Enter: { run: () => pick(one()) },
    x: { run: () => reject(one()), label: 'take.reject' },
    s: { run: () => one() && act('take.star', { take: current }), label: 'take.rate' },
    r: { run: () => act('keyframe.generate', { shots: [currentShot()], count: 1 }), label: 'take.reroll' },
    c: { run: compareHeld, label: 'take.compare' },
    z: { run: () => stage.zoom(), label: 'take.zoom' },
    h: { run: Studio.keyframes.hold, label: 'take.hold' },
    l: { run: () => setTable(!isTable), label: 'keyframes.table' },
    ...stars,
  });
}

function scrollToRow(list) { list.querySelector('.is-selected')?.scrollIntoView({ block: 'nearest' }) }

function makeRow(s) {
  return h('div.shotrow', { role: 'option', tabindex: '0', data: { shot: s.id } }, h('img', { alt: '', hidden: true, loading: 'lazy' }), h('div', {}, h('b', {}, s.id), h('small', {})), h('span.n'), h('div.bar', {}, h('i')));
}

function updateRow(row, s) {
  const [img, text, n] = row.children;
  show(img, keyframeUrl(s, 160));
  put(text.lastChild, { text: s.label || s.prompt });
  put(n, { text: String(countOf(s) || '') });
  drawBar(row, s.id);
  row.classList.toggle('is-selected', isSelected(s.id));
  row.classList.toggle('is-stale', stale(s.id).keyframe === 'stale');
  put(row, { 'aria-selected': String(isSelected(s.id)), 'aria-label': `${s.id} ${s.label || s.prompt}` });
}

function drawBar(row, id) {
  const run = madeOf(id).find(r => r.deed === 'keyframe' && isActive(r)), bar = row.lastChild;
  bar.hidden = !run;
  if (run) bar.firstChild.style.width = percent(run.fraction);
}

/** The large picture: the take looked at, or the one that forms just now. */
function makeStage(place) {
  const img = h('img', { alt: '', hidden: true }), note = h('span.note'), bar = h('div.bar', {}, h('i'));
  const nothing = h('div.empty', {}), bare = h('div.empty', {}, noShots()), failure = h('p.problem', { role: 'alert', hidden: true });
  const deeds = h('div.over', {});
  const deed = (mark, title, key, run) => button('', run, { mark, title: t(title), key });
  const picked = deed('check', 'take.pick', 'P', () => Studio.keyframes.pick()), holding = deed('hold', 'take.hold', 'H', () => Studio.keyframes.hold());
  deeds.append(picked, deed('star', 'take.rate', 'S', () => Studio.keyframes.star()), deed('close', 'take.reject', 'X', () => Studio.keyframes.reject()),
    holding, deed('compare', 'take.compare', 'C', () => Studio.keyframes.compare()), deed('find', 'take.zoom', 'Z', () => Studio.keyframes.zoom()));
  place.append(h('div.frame', { onclick: event => event.target === img && zoom() }, img), nothing, bare, note, deeds, bar, failure);
  let drawn = [];
  const zoom = () => { place.classList.toggle('is-zoomed'); stage.draw(...drawn) };
  const width = () => place.classList.contains('is-zoomed') || devicePixelRatio > 1 ? 0 : 1600; // the original only to look closely
  const stage = {
    zoom,
    draw(s, take) {
      drawn = [s, take];
      const made = madeOf(s?.id).filter(r => r.deed === 'keyframe');
      const run = made.find(r => ['running', 'cancelling'].includes(r.state)), waiting = made.some(r => r.state === 'waiting');
      const preview = run?.preview ? `studio/preview/${run.id}?v=${run.preview}` : null;
      show(img, preview ?? (take ? takeUrl(take, width()) : s?.own ? keyframeUrl(s, width()) : null));
      bar.hidden = !run;
      if (run) bar.firstChild.style.width = percent(run.fraction);
      put(note, { text: run ? `${run.note} ${percent(run.fraction)}` : take ? `${s.id} ${label(take)}` : '' });
      deeds.hidden = !take;
      picked.classList.toggle('is-on', !!take?.isPicked);
      holding.classList.toggle('is-on', held.has(take?.name));
      put(holding, { 'aria-pressed': String(held.has(take?.name)) });
      const isEmpty = !take && !preview && !s?.own;
      bare.hidden = !!s;
      nothing.hidden = !s || !isEmpty;
      if (isEmpty) nothing.replaceChildren(h('b', {}, s?.prompt?.trim() ? t(run || waiting ? 'keyframes.coming' : 'keyframes.none') : t('keyframes.noPrompt')), h('p', {}, s?.prompt?.trim() ? t('keyframes.hint') : t('keyframes.promptHint')));
      const failed = failedOf(s).at(-1);
      failure.hidden = !(isEmpty && failed);
      if (failed) put(failure, { text: failed.error ?? '' });
    },
  };
  return stage;
}
