// Beside the pages: a panel's pictures and words, or, with none chosen, the comic and its people.

import { act, ask, button, fact, h, keyed, notice, put, show, t } from './core.js';
import { busy, chosenOf, comic, panel, panelIds, paperName, shownOf } from './comic-facts.js';
import { edits } from './edits.js';
import { row, section, seed, text } from './fields.js';
import { label, makeTake, picturesOf, takeUrl, updateTake } from './takes.js';
import { takeBack } from './undoing.js';

const KINDS = ['speech', 'thought', 'shout', 'whisper'];
const ZONES = ['top', 'middle', 'bottom'].flatMap(row => ['left', 'center', 'right'].map(column => `${row}-${column}`));

export function makeFields(place, { select, current, deeds }) {
  const onPanel = h('div.fields', { hidden: true }), onWhole = h('div.fields', { hidden: true });
  const parts = [panelPart(onPanel, { select, current, deeds }), wholePart(onWhole)];
  place.append(onPanel, onWhole);
  return {
    draw() {
      const isPanel = !!panel(current());
      onPanel.hidden = !isPanel;
      onWhole.hidden = isPanel || !comic()?.pages.length;
      if (comic()?.pages.length) parts[isPanel ? 0 : 1].draw();
    },
    drawMade() { if (comic()?.pages.length) parts[panel(current()) ? 0 : 1].drawMade() },
  };
}

/** A choice that is stored when it is made. */
function pick(source, field, options, name = source.label(field)) {
  const edit = edits(source, field), control = h('select', {});
  control.addEventListener('change', () => { edit.change(control.value); edit.now() });
  const draw = edit.on(control, () => {
    const list = options(), is = JSON.stringify(list), value = String(edit.value() ?? '');
    if (control.dataset.is !== is) { control.dataset.is = is; control.replaceChildren(...list.map(([id, words]) => h('option', { value: id }, words))) }
    if (control.value !== value) control.value = value;
  });
  return { node: h('label.field', { 'data-field': field }, h('span', {}, name), control), draw };
}

/** A tick that is stored when it is set. */
function tick(source, field, name = source.label(field)) {
  const edit = edits(source, field), control = h('input', { type: 'checkbox', onchange: () => { edit.change(control.checked); edit.now() } });
  return { node: h('label.tick', {}, control, h('span', {}, name)), draw: edit.on(control, () => { control.checked = !!edit.value() }) };
}

const styles = () => (fact('comic_styles') ?? []).map(style => [style, t(`comic.style.${style}`)]);
const papers = () => (fact('comic_papers') ?? []).map(name => [name, paperName(name)]);
const people = () => comic()?.people ?? [];
const nameOf = id => people().find(one => one.id === id)?.name ?? String(id).replace(/^anon-/, '');
const panelName = ([id]) => t('comic.panel.of', { n: panelIds().indexOf(id) + 1, all: panelIds().length });

/** What a field is, in the words it was chosen by. */
function inWords(field, value) {
  if (typeof value === 'boolean') return t(value ? 'conflict.ticked' : 'conflict.unticked');
  if (field === 'who') return value.map(nameOf).join(', ') || t('conflict.nobody');
  if (field === 'character') return nameOf(value);
  if (field === 'zone' && !value) return t('comic.zone.any');
  if (field === 'paper') return paperName(value);
  return ['style', 'kind', 'zone'].includes(field) ? t(`comic.${field}.${value}`) : String(value ?? '');
}

// --- one panel -------------------------------------------------------------------------------

function panelPart(place, { select, current, deeds }) {
  const source = {
    about: 'panel', ids: () => [current()], get: (id, field) => panel(id)?.[field], label: field => t(`comic.field.${field}`), named: panelName, inWords,
    ask: ([id], field, value, seen, how) => ask('comic.panel', { panel: id, field, value, ...seen }, how),
  };
  const name = h('b.id'), takes = h('div.comictakes', { role: 'listbox', 'aria-label': t('comic.takes') }), lines = h('div.lines'), said = h('p.problem', { hidden: true });
  const tools = [
    button('', () => select.by(-1), { kind: 'ghost', mark: 'left', title: t('comic.previous') }), button('', () => select.by(1), { kind: 'ghost', mark: 'right', title: t('comic.next') }),
    button('', () => deeds.addPanel(select), { kind: 'ghost', mark: 'plus', title: t('comic.add'), key: 'N' }), button('', () => deeds.twice(select), { kind: 'ghost', mark: 'copy', title: t('comic.duplicate'), key: 'D' }),
    button('', () => deeds.remove(select), { kind: 'ghost', mark: 'bin', title: t('comic.remove') }), button('', () => select(''), { kind: 'ghost', mark: 'close', title: t('comic.whole') })];
  const again = button(t('comic.again'), () => act('comic.draw', { shown: [current()], count: 1 }), { mark: 'spark', key: 'R' });
  const own = [
    text(source, 'action', { rows: 3 }),
    whoPart(source),
    row(text(source, 'camera'), text(source, 'mood')),
    { node: h('div.field', {}, h('span', {}, t('comic.lines')), lines, button(t('comic.lines.add'), () => act('comic.add_line', { panel: current() }), { mark: 'plus' })), draw: () => drawLines(lines, current) },
    text(source, 'narrative', { rows: 2 }), row(text(source, 'sfx'), text(source, 'location')),
    section('comic.prompt', false, text(source, 'image_prompt', { rows: 3 })),
  ];
  const star = button(t('take.rate'), () => deeds.star(), { mark: 'star', key: 'S' });
  place.append(h('header', {}, name, h('div.grow'), ...tools), takes, said, h('div.deeds', {}, again, star), ...own.map(part => part.node));
  const parts = own.flatMap(part => part.parts ?? [part]);

  function drawMade() {
    const one = panel(current());
    drawTakes(takes, one);
    const advice = (comic().advice ?? []).filter(finding => finding.where === current()).map(finding => finding.said), run = busy(current());
    said.hidden = !advice.length;
    put(said, { text: advice.join(' ') });
    star.hidden = !shownOf(one);
    again.disabled = !!run && run.state === 'waiting';
  }
  return {
    drawMade,
    draw() {
      put(name, { text: t('comic.panel.of', { n: panelIds().indexOf(current()) + 1, all: panelIds().length }) });
      drawMade();
      for (const part of parts) part.draw();
    },
  };
}

/** A click on one makes it the panel's picture; until then it is the newest. */
function drawTakes(place, one) {
  const pictures = picturesOf(one), chosen = chosenOf(pictures);
  keyed(place, pictures, take => take.name, take => {
    const node = makeTake(take);
    node.addEventListener('click', () => act('comic.pick', { shot: take.shot, file: take.file }));
    node.addEventListener('keydown', event => { if (['Enter', ' '].includes(event.key)) { event.preventDefault(); node.click() } });
    return node;
  }, (node, take) => { updateTake(node, take, { isCurrent: take === chosen }); put(node, { title: `${label(take)} · ${t('comic.take.pick')}` }) });
  const errors = (one.takes ?? []).filter(take => take.state === 'failed');
  place.classList.toggle('is-empty', !pictures.length);
  put(place, { 'data-none': errors.length ? t('comic.failed') : t('comic.takes.none') });
}

/** Who is seen: each click counts from the one before it, whether the studio has told of that yet or not. */
function whoPart(source) {
  const edit = edits(source, 'who'), place = h('div.whos', { role: 'group', 'aria-label': source.label('who') });
  const change = (id, is) => { const others = edit.value().filter(other => other !== id); edit.change(is ? [...others, id] : others); edit.now(); draw() };
  const draw = edit.on(place, () => {
    const shown = new Set(edit.value());
    keyed(place, people(), one => one.id, one => h('label.chip', {}, h('input', { type: 'checkbox', onchange: event => change(one.id, event.target.checked) }), h('span')), (node, one) => {
      node.firstChild.checked = shown.has(one.id);
      node.classList.toggle('is-on', shown.has(one.id));
      put(node.lastChild, { text: one.name });
    });
  });
  return { node: h('div.field', {}, h('span', {}, source.label('who')), place), draw };
}

function drawLines(place, current) {
  const lines = panel(current()).lines.map((line, n) => ({ ...line, n, panel: current() }));
  keyed(place, lines, line => `${line.panel} ${line.n}`, makeLine, node => node.draw());
}

function makeLine({ panel: id, n }) {
  const there = () => panel(id)?.lines[n] ?? {};
  const source = {
    about: `line ${n}`, ids: () => [id], get: (_, field) => there()[field], label: field => t(`comic.line.${field}`), named: panelName, inWords,
    ask: (_, field, value, seen, how) => ask('comic.line', { panel: id, number: n, field, value, ...seen }, how),
  };
  const speakers = () => { const all = people().map(one => [one.id, one.name]), who = there().character; return who && !all.some(([known]) => known === who) ? [...all, [who, who.replace(/^anon-/, '')]] : all };
  const parts = [pick(source, 'character', speakers), pick(source, 'kind', () => KINDS.map(kind => [kind, t(`comic.kind.${kind}`)])), text(source, 'text', { rows: 2 }), pick(source, 'zone', () => [['', t('comic.zone.any')], ...ZONES.map(zone => [zone, t(`comic.zone.${zone}`)])]), tick(source, 'is_off')];
  const drop = button('', async () => { const step = await act('comic.remove_line', { panel: id, number: n }); if (step) notice(t('comic.lines.removed'), '', takeBack(step)) }, { kind: 'ghost', mark: 'close', title: t('comic.lines.remove') });
  const node = h('div.line', {}, h('div.lead', {}, parts[0].node, parts[1].node, drop), parts[2].node, h('div.lead', {}, parts[3].node, parts[4].node));
  node.draw = () => parts.forEach(part => part.draw());
  return node;
}

// --- the whole comic -------------------------------------------------------------------------

function wholePart(place) {
  const source = {
    about: 'comic', ids: () => ['comic'], get: (_, field) => comic()?.[field], label: field => t(`comic.field.${field}`), named: () => '', inWords,
    ask: (_, field, value, seen, how) => ask('comic.set', { field, value, ...seen }, how),
  };
  const paper = pick(source, 'paper', papers);
  paper.node.title = t('comic.paper.about');
  const own = [text(source, 'title'), pick(source, 'style', styles), row(paper, text(source, 'language')), tick(source, 'is_rtl'), tick(source, 'portraits')];
  const cast = h('div.comicpeople'), chapters = h('div.chapters'), advice = h('ul.remarks');
  place.append(h('header', {}, h('b.id', {}, t('comic.whole'))), ...own.map(part => part.node),
    h('h2', {}, t('comic.people')), cast, button(t('comic.people.add'), async () => act('comic.add_person', { name: t('comic.people.new') }), { mark: 'plus' }),
    h('h2', {}, t('comic.chapters')), chapters, h('h2', {}, t('comic.advice')), advice);
  const parts = own.flatMap(part => part.parts ?? [part]);

  function drawMade() { keyed(cast, people(), one => one.id, makePerson, node => node.draw()) }
  return {
    drawMade,
    draw() {
      for (const part of parts) part.draw();
      drawMade();
      keyed(chapters, comic().chapters ?? [], one => one.id, makeChapter, node => node.draw());
      const findings = comic().advice ?? [], is = JSON.stringify(findings);
      advice.previousSibling.hidden = advice.hidden = !findings.length;
      if (advice.dataset.is !== is) { advice.dataset.is = is; advice.replaceChildren(...findings.map(one => h('li', {}, `${one.where}: ${one.said}`))) }
    },
  };
}

/** A chapter's title, beside the pages that it has. */
function makeChapter({ id }) {
  const at = () => (comic()?.chapters ?? []).findIndex(one => one.id === id), there = () => comic()?.chapters?.[at()];
  const source = {
    about: 'chapter', ids: () => [id], get: () => there()?.title, label: () => t('comic.chapters'), named: () => String(at() + 1),
    ask: (_, field, value, seen, how) => ask('comic.chapter', { chapter: id, value, ...seen }, how),
  };
  const { node, draw } = text(source, 'title');
  node.draw = () => {
    const pages = there()?.pages;
    if (!pages) return;
    const said = t(pages.length > 1 ? 'comic.chapters.some' : 'comic.chapters.one', { n: at() + 1, first: pages[0], last: pages.at(-1) });
    put(node.firstChild, { text: said, title: said });
    draw();
  };
  return node;
}

function makePerson({ id }) {
  const there = () => people().find(one => one.id === id);
  const source = {
    about: 'person', ids: () => [id], get: (_, field) => there()?.[field], label: field => t(`comic.person.${field}`), named: () => nameOf(id),
    ask: (_, field, value, seen, how) => ask('comic.person', { who: id, field, value, ...seen }, how),
  };
  const face = h('img', { alt: '', hidden: true }), takes = h('div.comictakes', { role: 'listbox', 'aria-label': t('comic.portraits') });
  const parts = [text(source, 'name'), text(source, 'appearance', { rows: 2 }), text(source, 'clothing'), seed(source, 'seed')];
  const draw = button(t('comic.portrait'), () => act('comic.draw', { shown: [id], count: 1 }), { mark: 'spark' });
  const drop = button('', async () => { const step = await act('comic.remove_person', { who: id }); if (step) notice(t('comic.people.removed'), '', takeBack(step)) }, { kind: 'ghost', mark: 'bin', title: t('comic.people.remove') });
  const node = h('details.person', {}, h('summary', {}, face, h('b')), ...parts.map(part => part.node), takes, h('div.deeds', {}, draw, drop));
  node.draw = () => {
    const one = there();
    if (!one) return;
    const pictures = picturesOf(one), first = pictures.find(take => take.isPicked) ?? pictures[0];
    show(face, first ? takeUrl(first, 160) : null);
    put(node.querySelector('summary b'), { text: one.name });
    for (const part of parts) part.draw();
    drawTakes(takes, one);
    const run = busy(id);
    put(draw.lastChild, { text: run ? t('mark.rendering') : t('comic.portrait') });
  };
  return node;
}
