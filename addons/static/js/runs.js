// Runs: everything that was asked for. What runs first, then what waits and can be put in another order,
// then what is over, joined with the jobs from before that the project's recipes tell of.

import { act, button, clock, fact, follow, h, isSeen, keyed, notice, put, runs, shots, t, tn } from './core.js';
import { nameOf } from './dock.js';
import { offer } from './keys.js';
import { isHere } from './making.js';
import { onProject } from './otherproject.js';
import { showRecipe } from './run-recipe.js';
import { dragRows, moveBy, moveFirst } from './run-order.js';
import { makeRow, tickRow, updateRow } from './run-row.js';

const PAGE = 200; // rows more at each "show more"
const FILTERS = { all: [], running: ['running', 'cancelling'], waiting: ['waiting'], stopped: ['stopped'], failed: ['failed'], done: ['done'], cancelled: ['cancelled'] };
const ALWAYS = ['all', 'running', 'waiting', 'failed', 'done'];
const CLEARED = 'studio.runs.cleared'; // when the list was cleared last, by project

let filter = 'all', wanted = { shot: '', deed: '', text: '' }, waitingShown = PAGE, overShown = PAGE;
const past = { key: '', jobs: [], more: 0, counts: {}, cleared: 0, listed: new Set(), epoch: 0, showsAll: false };

export function mount(place) {
  const count = h('small.count'), banners = h('div.banners'), chips = h('div.chips', { role: 'group', 'aria-label': t('runs.filter') });
  const find = h('input', { type: 'search', placeholder: t('runs.find'), 'aria-label': t('runs.find') });
  const shot = h('select', { 'aria-label': t('runs.shot') }), deed = h('select', { 'aria-label': t('runs.kind') });
  const tools = {
    pause: button(t('runs.pause'), () => act('run.pause'), { mark: 'pause', title: t('dock.pause') }),
    goOn: button(t('dock.goOn'), () => act('run.resume'), { mark: 'play', kind: 'primary' }),
    cancel: button(t('runs.cancelAll'), cancelAll, { mark: 'stop' }),
    retry: button(t('runs.retryAll'), () => act('run.again', { ids: failed().map(run => run.id) }), { mark: 'again' }),
    clear: button(t('runs.clear'), () => clear().then(draw), { mark: 'bin', title: t('runs.clear.hint') }),
  };
  const groups = Object.fromEntries(['running', 'waiting', 'stopped', 'over'].map(name => [name, makeGroup(name)]));
  const more = button('', showMore, {}), earlier = button('', showEarlier, { kind: 'link' });
  const foot = h('div.foot', {}, more, earlier), empty = h('div.empty', { hidden: true }, h('b', {}), h('p', {})), said = h('span.unseen', { role: 'status' });
  const table = h('div.runtable', { role: 'table', 'aria-label': t('page.runs') }, head(), ...Object.values(groups).map(group => group.box));
  const page = h('div.page.runs', {},
    h('header.head', {}, h('h1', {}, t('page.runs')), count, h('div.grow'), tools.retry, tools.clear, h('span.sep'), tools.cancel, tools.pause, tools.goOn),
    banners, h('div.filters', {}, chips, h('div.grow'), shot, deed, find), h('div.body', {}, table, empty, foot), said);
  place.append(page);
  shot.addEventListener('change', () => seek({ shot: shot.value }));
  deed.addEventListener('change', () => seek({ deed: deed.value }));
  find.addEventListener('input', () => seek({ text: find.value.trim() }));

  onProject(() => {
    wanted.shot = shot.value = '';
    Object.assign(past, { key: '', jobs: [], more: 0, counts: {}, cleared: 0, listed: new Set(), showsAll: false });
  });

  function seek(change) { wanted = { ...wanted, ...change }; overShown = waitingShown = PAGE; draw() }
  function showMore() { overShown += PAGE; past.more && past.jobs.length < overShown ? load(true) : draw() }
  function showEarlier() { past.showsAll = true; draw() }

  function draw() {
    const queue = fact('queue') ?? {}, all = runs();
    choices(shot, deed, all);
    const listed = all.filter(isWanted), takes = new Set(all.filter(isHere).flatMap(run => run.takes));
    const before = past.jobs.filter(job => !takes.has(job.take)); // the queue tells of these itself
    const of = states => listed.filter(run => states.includes(run.state));
    const known = past.jobs.filter(job => takes.has(job.take));
    const counts = name => {
      const before = name === 'all' ? Object.values(past.counts).reduce((a, b) => a + b, 0) - known.length : (past.counts[name] ?? 0) - known.filter(job => job.state === name).length;
      return (name === 'all' ? listed.length : of(FILTERS[name]).length) + Math.max(0, before);
    };
    drawChips(chips, counts);
    const is = name => filter === 'all' || filter === name;
    const running = is('running') ? of(FILTERS.running).sort((a, b) => a.began - b.began) : [];
    const waiting = is('waiting') ? of(FILTERS.waiting) : [], stopped = is('stopped') ? of(FILTERS.stopped) : [];
    const over = [...of(['done', 'failed', 'cancelled']), ...before].filter(run => is(run.state)).sort((a, b) => b.ended - a.ended);
    fill(groups.running, running, running.length);
    fill(groups.waiting, waiting.slice(0, waitingShown), waiting.length);
    fill(groups.stopped, stopped, stopped.length);
    fill(groups.over, over.slice(0, overShown), 0);
    const left = over.length - Math.min(over.length, overShown) + past.more;
    more.hidden = !left;
    put(more.querySelector('span') ?? more.appendChild(h('span')), { text: tn('runs.more', left) });
    earlier.hidden = !past.cleared;
    put(earlier.querySelector('span') ?? earlier.appendChild(h('span')), { text: tn('runs.earlier', past.cleared) });
    const rows = running.length + waiting.length + stopped.length + over.length, isNarrowed = filter !== 'all' || wanted.shot || wanted.deed || wanted.text;
    table.hidden = !rows;
    empty.hidden = !!rows;
    foot.classList.toggle('is-alone', !rows);
    const why = isNarrowed ? 'runs.nothingFound' : past.cleared ? 'runs.cleared' : 'runs.nothing';
    put(empty.firstChild, { text: t(why) });
    put(empty.lastChild, { text: t(`${why}.hint`) });
    put(count, { text: queue.left ? [tn('dock.making', queue.left), queue.seconds != null && t('dock.left', { time: clock(queue.seconds) })].filter(Boolean).join(' · ') : '' });
    drawBanners(banners, queue, all.filter(run => run.state === 'stopped').length);
    tools.pause.hidden = queue.paused === 'paused';
    tools.goOn.hidden = !queue.paused;
    put(tools.pause, { disabled: !queue.left });
    put(tools.cancel, { disabled: !all.some(isLeft) });
    tools.retry.hidden = !failed().length;
    put(tools.retry.querySelector('span'), { text: tn('runs.retryAll', failed().length) });
    put(tools.clear, { disabled: !all.some(isOver) && !past.jobs.length });
    lookBack(all);
  }

  function fill(group, rows, total) {
    group.box.hidden = !rows.length;
    put(group.title, { text: total ? `${t(`runs.${group.name}`)} ${total}` : t(`runs.${group.name}`) });
    group.last.hidden = total <= rows.length;
    put(group.more, { text: tn('runs.more', total - rows.length) });
    const focused = document.activeElement?.closest?.('.run');
    const places = group.name === 'waiting' ? new Map(runs().filter(run => run.state === 'waiting').map((run, n) => [run.id, n + 1])) : null;
    keyed(group.rows, rows, run => run.id, makeRow, (row, run) => updateRow(row, run, group.name, group.name === 'waiting' ? places.get(run.id) : 0));
    if (focused?.isConnected && document.activeElement === document.body) focused.focus(); // it was moved
  }
  groups.waiting.more.addEventListener('click', () => { waitingShown += 5 * PAGE; draw() });

  /** What the recipes tell, when something else is sought or the queue lists less than before. */
  function lookBack(all) {
    const ids = new Set(all.map(run => run.id));
    if ([...past.listed].some(id => !ids.has(id))) past.epoch++;
    past.listed = ids;
    const key = JSON.stringify([fact('project')?.folder, filter, wanted, past.epoch, past.showsAll]);
    if (key === past.key) return;
    past.key = key;
    clearTimeout(past.timer);
    past.timer = setTimeout(load, past.jobs.length ? 150 : 0);
  }

  async function load(isMore = false) {
    if (!fact('project')) return Object.assign(past, { jobs: [], more: 0, counts: {}, cleared: 0 });
    const { key } = past, since = past.showsAll ? 0 : clearedAt();
    if (['running', 'waiting'].includes(filter)) { Object.assign(past, { jobs: [], more: 0 }); return draw() }
    const find = { ...wanted, state: filter === 'all' ? '' : filter, since };
    const told = await act('run.history', { find, after: isMore ? past.jobs.at(-1)?.take ?? '' : '' });
    if (!told || key !== past.key) return;
    const jobs = isMore ? [...past.jobs, ...told.jobs] : told.jobs;
    Object.assign(past, { ...told, jobs: [...new Map(jobs.map(job => [job.id, job])).values()] });
    draw();
  }

  follow(['run/', 'queue', 'order', 'project'], page, draw);
  setInterval(() => { if (isSeen(page)) for (const row of groups.running.rows.children) tickRow(row) }, 1000);
  table.addEventListener('click', event => deedOf(event.target.closest('[data-deed]')));
  table.addEventListener('dblclick', event => { const link = event.target.closest('.run')?.querySelector('.what a[href]'); if (link && !event.target.closest('button, .why')) location.hash = link.hash });
  dragRows(groups.waiting.rows, draw);
  table.addEventListener('keydown', event => onKey(event, said));
  const focused = () => document.activeElement?.closest?.('.run');
  const onRow = (deed, label) => ({ run: () => deedOf(focused()?.querySelector(`[data-deed=${deed}]:not([hidden])`)), label });
  offer('runs', {
    p: { run: () => act(fact('queue')?.paused ? 'run.resume' : 'run.pause'), label: 'runs.pauseOrGoOn' },
    f: { run: () => find.focus(), label: 'runs.find' },
    Delete: onRow('cancel', 'runs.key.cancel'), r: onRow('again', 'runs.key.again'), i: onRow('recipe', 'runs.key.recipe'),
    'Alt ↑ ↓': { run: () => {}, label: 'runs.key.move' },
  });
  for (const name of Object.keys(FILTERS)) {
    const chip = h('button.chip', { type: 'button', data: { filter: name }, onclick: () => { filter = name; overShown = waitingShown = PAGE; draw() } }, h('span', {}, t(`runs.filter.${name}`)), h('b'));
    chips.append(chip);
  }
}

const isOver = run => ['done', 'failed', 'cancelled'].includes(run.state);
const isLeft = run => ['running', 'waiting', 'stopped'].includes(run.state);
const failed = () => runs().filter(run => run.state === 'failed');

function isWanted(run) {
  if (wanted.shot && !(run.shot === wanted.shot && isHere(run)) || wanted.deed && run.deed !== wanted.deed) return false;
  if (!wanted.text) return true;
  const said = [nameOf(run), run.note, run.error, run.server, run.project, ...run.files, ...run.takes].join(' ');
  return said.toLowerCase().includes(wanted.text.toLowerCase());
}

function head() {
  const names = ['runs.picture', 'runs.what', 'runs.state', 'runs.began', 'runs.took', 'runs.where', 'runs.deeds'], unseen = ['runs.picture', 'runs.deeds'];
  return h('div', { role: 'rowgroup', class: 'runheads' }, h('div.runhead', { role: 'row' },
    names.map(name => h('div', { role: 'columnheader' }, h(unseen.includes(name) ? 'span.unseen' : 'span', {}, t(name))))));
}

function makeGroup(name) {
  const title = h('span', { role: 'cell' }), rows = h('div.rows'), more = h('button.morerows', { type: 'button' });
  const last = h('div.lastrow', { role: 'row', hidden: true }, h('span', { role: 'cell' }, more));
  return { name, title, rows, more, last, box: h('div.group', { role: 'rowgroup', class: name, hidden: true }, h('div.title', { role: 'row' }, title), rows, last) };
}

function drawChips(chips, counts) {
  for (const chip of chips.children) {
    const name = chip.dataset.filter, n = counts(name);
    chip.hidden = !n && !ALWAYS.includes(name) && filter !== name;
    put(chip, { 'aria-pressed': String(filter === name) });
    put(chip.lastChild, { text: String(n) });
  }
}

function choices(shot, deed, all) {
  const ids = shots().map(s => s.id), deeds = [...new Set(['keyframe', 'video', 'film', ...all.map(run => run.deed)])];
  const is = JSON.stringify([ids, deeds]);
  if (shot.dataset.is === is) return;
  shot.dataset.is = is;
  const fill = (select, none, values, name) => { const { value } = select; select.replaceChildren(h('option', { value: '' }, t(none)), ...values.map(v => h('option', { value: v }, name(v)))); select.value = value };
  fill(shot, 'runs.allShots', ids, id => id);
  fill(deed, 'runs.allKinds', deeds, name => t(`deed.${name}`));
}

/** What stands in the way of everything else. */
function drawBanners(place, queue, stopped) {
  const is = JSON.stringify([queue.paused, stopped]);
  if (place.dataset.is === is) return;
  place.dataset.is = is;
  const isTrouble = queue.paused && queue.paused !== 'paused';
  place.replaceChildren(...[
    isTrouble && h('div.banner.bad', { role: 'alert' }, h('p', {}, h('b', {}, t('runs.trouble')), ' ', queue.paused), button(t('again'), () => act('run.resume'), { mark: 'again', kind: 'primary' })),
    stopped > 0 && h('div.banner', {}, h('p', {}, h('b', {}, `${tn('dock.stopped', stopped)}.`), ' ', t('runs.stopped.hint')),
      button(t('runs.forget'), () => act('run.forget_stopped')), button(t('dock.goOn'), () => act('run.go_on'), { mark: 'play', kind: 'primary' })),
  ].filter(Boolean));
}

// --- deeds -----------------------------------------------------------------------------------

function deedOf(node) {
  if (!node) return;
  const { run } = node.closest('.run');
  if (node.dataset.deed === 'cancel') act('run.cancel', { ids: [run.id] });
  else if (node.dataset.deed === 'again') run.take ? act('run.repeat', { take: run.take }) : act('run.again', { ids: [run.id] });
  else if (node.dataset.deed === 'recipe') showRecipe(run);
  else if (node.dataset.deed === 'first') moveFirst(run.id);
}

async function cancelAll() {
  const ids = runs().filter(isLeft).map(run => run.id);
  if (await act('run.cancel_all') === undefined) return;
  notice(tn('runs.cancelled', ids.length), '', { label: t('undo'), run: () => act('run.again', { ids }) });
}

const clearedAt = () => JSON.parse(localStorage.getItem(CLEARED) ?? '{}')[fact('project')?.folder] ?? 0;

async function clear() {
  const at = await act('run.forget');
  if (at == null) return;
  localStorage.setItem(CLEARED, JSON.stringify({ ...JSON.parse(localStorage.getItem(CLEARED) ?? '{}'), [fact('project')?.folder]: at }));
  past.showsAll = false;
  past.epoch++;
}

/** Arrows go from row to row; with Alt they move a waiting one. */
function onKey(event, said) {
  const row = event.target.closest('.run');
  if (!row || !['ArrowUp', 'ArrowDown', 'Home', 'End'].includes(event.key) || event.ctrlKey || event.metaKey) return;
  const by = { ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity }[event.key];
  event.preventDefault();
  event.stopPropagation();
  if (event.altKey) {
    const at = row.run.state === 'waiting' && moveBy(row.run.id, by);
    if (at) put(said, { text: t('runs.movedTo', { what: nameOf(row.run), at: at[0], n: at[1] }) });
    return;
  }
  const rows = [...row.closest('.runtable').querySelectorAll('.run')];
  rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(row) + by))]?.focus();
}
