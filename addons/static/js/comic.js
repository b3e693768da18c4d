// The comic: its pages as they will be printed, a panel's words and pictures beside them, and how it begins.

import { act, button, connected, fact, follow, h, keyed, notice, percent, put, runs, show, t, tn } from './core.js';
import { beginning, scriptDialog } from './comic-begin.js';
import { busy, comic, pageOf, pageUrl, panel, panelIds, placesOf, shape, shownOf } from './comic-facts.js';
import { makeFields } from './comic-fields.js';
import { drawHandles } from './comic-handles.js';
import { exportDialog, read } from './comic-read.js';
import { isActive } from './dock.js';
import { offer } from './keys.js';
import { isHere, onlyMade } from './making.js';
import { onProject } from './otherproject.js';
import { rate } from './takes.js';
import { takeBack, undoButtons } from './undoing.js';
import { watch } from './where.js';

let current = ''; // the panel that is shown beside the pages; '' is the comic itself
onProject(() => { current = '' });

export function mount(place) {
  const count = h('small.count'), trouble = h('p.trouble', { role: 'alert', hidden: true }), start = h('div.beginning', { hidden: true });
  const pages = h('div.comicpages', { role: 'list', 'aria-label': t('comic.pages') }), inspector = h('aside.inspector', { 'aria-label': t('comic.inspector') });
  const steps = undoButtons(), draw = button(t('comic.draw'), drawMissing, { kind: 'primary', mark: 'spark', key: 'G' });
  const size = h('input', { type: 'range', min: '240', max: '900', 'aria-label': t('comic.size'), title: t('comic.size') });
  const tools = [size, h('span.sep'), ...steps.nodes, button(t('comic.script'), () => scriptDialog(), { mark: 'recipe' }), button(t('comic.read'), () => read(pageOf(current)?.id), { mark: 'full', key: 'F' }), button(t('comic.export'), exportDialog, { mark: 'download' }), draw];
  const page = h('div.page.with-inspector.comic', {}, h('header.head', {}, h('h1', {}, t('page.comic')), count, h('div.grow'), ...tools), trouble, h('div.body', {}, start, pages), inspector);
  size.value = localStorage.getItem('studio.comic.size') ?? '420';
  const resize = () => { pages.style.setProperty('--paper', `${size.value}px`); localStorage.setItem('studio.comic.size', size.value) };
  size.addEventListener('input', resize);
  resize();
  place.append(page);
  const first = beginning(start);
  const fields = makeFields(inspector, { select, current: () => current, deeds });
  listen(pages);

  function drawAll() {
    const now = comic(), isThere = !!now?.pages.length;
    page.classList.toggle('is-bare', !isThere);
    start.hidden = isThere || !fact('project') || !!now?.trouble;
    for (const tool of tools) tool.hidden = !isThere;
    if (!start.hidden) first.draw();
    trouble.hidden = !now?.trouble;
    put(trouble, { text: now?.trouble ?? '' });
    steps.draw();
    if (current && !panel(current)) current = '';
    put(count, { text: isThere ? `${tn('comic.count.pages', now.pages.length)} · ${tn('comic.count.panels', panelIds().length)}` : '' });
    shape(pages);
    keyed(pages, now?.pages ?? [], one => one.id, makePage, updatePage);
    fields.draw();
  }
  follow(['comic', 'panel/', 'project', 'run/'], page, changed => {
    const ids = onlyMade(changed);
    if (!ids || !start.hidden) return drawAll();
    for (const node of pages.children) for (const id of ids) if (node.panelNodes?.get(id)) updateArea(node.panelNodes.get(id), id);
    fields.drawMade();
  });
  watch(page, drawAll);
  function select(id) { current = id; drawAll(); pages.querySelector(`[data-panel="${CSS.escape(id)}"]`)?.scrollIntoView({ block: 'nearest' }) }
  select.by = step => { const ids = panelIds(), at = ids.indexOf(current) + step; if (ids[at]) select(ids[at]) };
  pages.select = select;
  offer('comic', {
    g: { run: drawMissing, label: 'comic.draw' },
    r: { run: () => current && act('comic.draw', { shown: [current], count: 1 }), label: 'comic.again' },
    n: { run: () => current && addPanel(select), label: 'comic.add' },
    d: { run: () => current && twice(select), label: 'comic.duplicate' },
    f: { run: () => read(pageOf(current)?.id), label: 'comic.read' },
    Delete: { run: () => current && remove(select), label: 'comic.remove' },
    ArrowRight: { run: () => select.by(comic()?.is_rtl ? -1 : 1), label: 'comic.next' },
    ArrowLeft: { run: () => select.by(comic()?.is_rtl ? 1 : -1), label: 'comic.previous' },
    s: { run: deeds.star, label: 'take.rate' },
    ...Object.fromEntries([1, 2, 3, 4, 5].map(n => [`shift+${n}`, { run: () => rate(shownOf(panel(current)), n) }])),
    Escape: { run: () => select(''), label: 'comic.whole' },
    Enter: { run: () => inspector.querySelector('textarea, input[type=text]')?.focus(), label: 'comic.edit' },
  });
}

function makePage(page) {
  const img = h('img', { alt: '', hidden: true, decoding: 'async' });
  return h('div.comicpage', { role: 'listitem', data: { page: page.id } }, h('div.paper', {}, img, h('div.areas'), h('div.handles')),
    h('footer', {}, h('b'), h('span.layouts', { role: 'group', 'aria-label': t('comic.layout') }), h('span.pagedeeds', {},
      button('', () => movePage(page.id, -1), { kind: 'ghost', mark: 'left', title: t('comic.page.earlier') }), button('', () => movePage(page.id, 1), { kind: 'ghost', mark: 'right', title: t('comic.page.later') }),
      button('', () => act('comic.add_page', { after: page.id }), { kind: 'ghost', mark: 'plus', title: t('comic.page.add') }),
      button('', async () => { const step = await act('comic.remove_page', { page: page.id }); if (step) notice(t('comic.page.removed'), '', takeBack(step)) }, { kind: 'ghost', mark: 'bin', title: t('comic.page.remove') }))));
}

function updatePage(node, page) {
  const [paper, foot] = node.children, [img, areas] = paper.children, [number, layouts] = foot.children;
  show(img, pageUrl(page, Number(node.parentNode?.style.getPropertyValue('--paper')?.slice(0, -2) ?? 420) > 560 ? 'read' : 'page'));
  put(img, { alt: t('comic.page.n', { n: page.number }) });
  put(number, { text: [String(page.number), page.chapter].filter(Boolean).join(' · '), title: page.chapter });
  const places = placesOf(page.layout, comic().is_rtl);
  node.panelNodes ??= new Map();
  keyed(areas, page.panels, id => id, makeArea, (area, id) => {
    node.panelNodes.set(id, area);
    const [x, y, w, h] = places[page.panels.indexOf(id)] ?? [0, 0, 0, 0];
    Object.assign(area.style, { left: `${x}%`, top: `${y}%`, width: `${w}%`, height: `${h}%` });
    updateArea(area, id);
  });
  drawLayouts(layouts, page);
  const [earlier, later] = foot.lastChild.children, all = comic().pages;
  earlier.disabled = page.id === all[0].id;
  later.disabled = page.id === all.at(-1).id;
  drawHandles(paper.children[2], page, current);
}

const makeArea = id => h('div.area', { role: 'button', tabindex: '0', draggable: 'true', data: { panel: id } }, h('span.say'), h('div.bar', {}, h('i')), h('img', { alt: '', hidden: true }));

function updateArea(area, id) {
  const one = panel(id), run = busy(id), [say, bar, img] = area.children;
  if (!one) return;
  const isBare = !one.key && !one.takes.some(take => take.state === 'done');
  const failed = !run && isBare && one.takes.some(take => take.state === 'failed');
  put(say, { text: run ? (run.state === 'waiting' ? t('mark.queued') : t('mark.rendering')) : failed ? t('comic.failed') : isBare ? t('comic.bare') : '' });
  area.classList.toggle('is-bare', isBare);
  area.classList.toggle('is-selected', id === current);
  bar.hidden = !run;
  if (run) bar.firstChild.style.width = percent(run.fraction);
  show(img, run?.preview ? `studio/preview/${run.id}?v=${run.preview}` : null);
  put(area, { 'aria-label': t('comic.panel.n', { n: panelIds().indexOf(id) + 1, what: one.action }), 'aria-pressed': String(id === current), title: one.action });
}

/** Layouts with as many places as the page has panels, as small pictures. */
function drawLayouts(place, page) {
  const all = fact('comic_layouts') ?? {}, fitting = Object.keys(all).filter(name => all[name].length === page.panels.length);
  keyed(place, fitting, name => name, name => h('button', { type: 'button', title: name, 'aria-label': `${t('comic.layout')}: ${name}`, onclick: () => act('comic.page', { page: page.id, field: 'layout', value: name }) }, h('i')), (node, name) => {
    const mini = node.firstChild, is = `${name} ${comic().is_rtl} ${comic().paper}`;
    if (mini.dataset.is !== is) { mini.dataset.is = is; mini.replaceChildren(...placesOf(name, comic().is_rtl).map(([x, y, w, h_]) => h('u', { style: `left:${x}%;top:${y}%;width:${w}%;height:${h_}%` }))) }
    put(node, { 'aria-pressed': String(name === page.layout) });
  });
}

// --- deeds -----------------------------------------------------------------------------------

async function drawMissing() {
  const ids = await act('comic.draw', { shown: panelIds() });
  if (ids && !ids.length) notice(runs().some(run => ['panel', 'portrait'].includes(run.deed) && isHere(run) && isActive(run)) ? t('comic.draw.under_way') : t('comic.draw.nothing'));
}

/** Select a panel that was just made, once the page has been told of it. */
function whenTold(id, select, end = Date.now() + 5000) {
  if (panel(id)) select(id); else if (connected() && Date.now() < end) requestAnimationFrame(() => whenTold(id, select, end));
}

async function addPanel(select) { const id = await act('comic.add', { after: current }); if (id) whenTold(id, select) }
async function twice(select) { const id = await act('comic.duplicate', { panel: current }); if (id) whenTold(id, select) }

async function remove(select) {
  const ids = panelIds(), at = ids.indexOf(current), step = await act('comic.remove', { panel: current });
  if (step === undefined) return;
  select(ids[at + 1] ?? ids[at - 1] ?? '');
  notice(t('comic.removed'), '', takeBack(step));
}

/** Comes back once the page has been told of what was done, or does not hear of it. */
async function untilTold(isTold, end = Date.now() + 5000) {
  while (!isTold() && connected() && Date.now() < end) await new Promise(requestAnimationFrame);
}

let moved = Promise.resolve(); // each click counts from where the one before it put the page
const movePage = (id, by) => moved = moved.then(() => moveOnce(id, by));

/** Before the page that is before it, or behind the one behind it. */
async function moveOnce(id, by) {
  const pages = comic().pages, at = pages.findIndex(one => one.id === id), page = pages[at], to = pages[at + by];
  if (!to) return;
  const left = (comic().chapters ?? []).find(chapter => chapter.pages.length === 1 && chapter.pages[0] === page.number);
  const step = await act('comic.move_page', { page: id, to: to.id, behind: by > 0 });
  if (step) await untilTold(() => comic()?.pages[at]?.id !== id);
  if (step && left) notice(t('comic.chapters.gone', { title: left.title }), '', takeBack(step));
}

function star() { const take = shownOf(panel(current)); if (take) act('take.star', { take: take.name }) }

const deeds = { addPanel, twice, remove, star };

// --- mouse -----------------------------------------------------------------------------------

function listen(pages) {
  let dragged = '';
  const target = event => event.target.closest('.area');
  const clear = () => pages.querySelectorAll('.is-over').forEach(one => one.classList.remove('is-over'));
  pages.addEventListener('click', event => { const area = target(event); if (area) pages.select(area.dataset.panel); else if (event.target === pages) pages.select('') });
  pages.addEventListener('keydown', event => { const area = target(event); if (area && [' ', 'Enter'].includes(event.key)) { event.preventDefault(); pages.select(area.dataset.panel) } });
  pages.addEventListener('focusin', event => { const area = target(event); if (area?.matches(':focus-visible') && area.dataset.panel !== current) pages.select(area.dataset.panel) }); // keys are for what has the focus
  pages.addEventListener('dblclick', event => { const area = target(event); if (area) read(pageOf(area.dataset.panel)?.id) });
  pages.addEventListener('dragstart', event => { dragged = target(event)?.dataset.panel ?? ''; event.dataTransfer.effectAllowed = 'move'; event.dataTransfer.setData('text/plain', panel(dragged)?.action ?? '') });
  pages.addEventListener('dragover', event => { const over = target(event); clear(); if (dragged && over && over.dataset.panel !== dragged) { event.preventDefault(); over.classList.add('is-over') } });
  pages.addEventListener('dragend', () => { dragged = ''; clear() });
  pages.addEventListener('drop', event => {
    const over = target(event)?.dataset.panel, ids = panelIds();
    clear();
    if (!dragged || !over || over === dragged) return;
    event.preventDefault();
    act('comic.move', { panel: dragged, to: over, behind: ids.indexOf(over) > ids.indexOf(dragged) }); // it takes the place that it is dropped on
  });
}
