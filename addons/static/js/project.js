// Project: what the open one is called and made with, what it takes; others; and what comes in from elsewhere.

import { act, button, clock, fact, follow, h, put, shots, t, tn } from './core.js';
import { number, seed, sendEdits, tag, text } from './boardfields.js';
import { contactSheet } from './contactsheet.js';
import { copyText } from './copytext.js';
import { mountDisk } from './disk.js';
import { acceptDrops, dropZone, importDialog, takeIn } from './imports.js';
import { offer } from './keys.js';
import { mountOutcomes } from './outcomes.js';
import { duplicateProject, newProject, openByPath, packProject } from './projectdialogs.js';
import { mountRecents } from './recents.js';
import { here as isOnMachine, reveal } from './reveal.js';
import { sizePicker } from './sizes.js';
import { undoButtons } from './undoing.js';
import { here, watch } from './where.js';

const LOOKS = ['style', 'mood', 'lighting', 'color_grade', 'camera', 'composition', 'motion', 'time_of_day'];

export function mount(place) {
  const count = h('small.count'), main = h('div.body.about'), side = h('aside.shelf'), outcomes = h('div.outcomes');
  const steps = undoButtons();
  const ofOpen = [button(t('sheet.title'), contactSheet, { mark: 'pages' }), button(t('project.duplicate'), duplicateProject, { mark: 'copy' }), button(t('project.pack'), packProject, { mark: 'zip', title: t('project.pack.hint') })];
  const page = h('div.page.project', {},
    h('header.head', {}, h('h1', {}, t('page.project')), count, h('div.grow'), ...ofOpen, h('span.sep'), ...steps.nodes, h('span.sep'),
      button(t('project.open'), openByPath, { mark: 'folder', key: 'O' }), button(t('project.new'), newProject, { kind: 'primary', mark: 'plus', key: 'N' })), main, side);
  place.append(page);
  const none = h('div.empty', { hidden: true }, h('b', {}, t('project.none')), h('p', {}, t('project.none.hint')), button(t('project.new'), newProject, { mark: 'plus' }));
  const form = h('div.form'), parts = fill(form), disk = h('section.part.disk'), zone = dropZone(takeIn);
  main.append(outcomes, none, form);
  form.append(disk);
  mountOutcomes(outcomes);
  mountDisk(disk);
  side.append(zone, h('section', {}));
  mountRecents(side.lastChild);
  acceptDrops(page, zone, takeIn);

  follow(['project', 'order', 'shot/', 'presets', 'resolutions', 'workflows', 'settings'], main, () => {
    const about = fact('project');
    none.hidden = !!about;
    form.hidden = !about;
    for (const one of ofOpen) put(one, { disabled: !about });
    steps.draw();
    put(count, { text: about ? [tn('count.shots', shots().length), clock(shots().reduce((sum, s) => sum + s.seconds, 0)), tn('count.takes', shots().reduce((sum, s) => sum + s.takes.length, 0))].join(' · ') : '' });
    if (about) for (const part of parts) part.draw(about);
  });
  let last = '';
  watch(page, () => { if (last !== here() && here() === 'project') act('project.measure'); last = here() });
  addEventListener('hashchange', () => { if (here() !== 'project') { last = ''; sendEdits() } });
  offer('project', {
    n: { run: newProject, label: 'project.new' },
    o: { run: openByPath, label: 'project.open' },
    i: { run: () => importDialog(), label: 'import.title' },
  });
}

/** The open project's own part of the page; returns what has to be drawn. */
function fill(form) {
  const title = text('title', { class: 'title', placeholder: t('new.untitled') }), logline = text('description', { rows: 1, placeholder: t('board.logline.hint') }), notes = text('notes', { rows: 2, placeholder: t('board.notes.hint') });
  const size = sizePicker((width, height) => act('board.size', { width, height }));
  const numbers = [number('fps', { unit: 'fps', hint: t('hint.workflow'), min: '1', max: '120' }), number('variants', { hint: '2', min: '1', max: '32', step: '1' }), number('longest', { unit: 's', hint: t('hint.workflow'), min: '0.5', max: '60', step: '0.5' }), seed('base_seed')];
  const looks = LOOKS.map(tag), flows = ['keyframe', 'video'].map(workflow), where = folder();
  form.append(
    h('section.part.names', {}, title.node, logline.node, notes.node),
    h('section.part', {}, h('h2', {}, t('size.title')), size.node, h('div.row.numbers', {}, numbers.map(one => one.node))),
    h('section.part', {}, h('h2', {}, t('project.look')), h('div.looks', {}, looks.map(one => one.node))),
    h('section.part', {}, h('h2', {}, t('project.workflows')), h('div.row.flows', {}, flows.map(one => one.node))),
    where.node);
  return [title, logline, notes, ...numbers, ...looks, ...flows, where, { draw: about => size.draw(about.width, about.height) }];
}

/** What keyframes, or videos, of this project are made with. */
function workflow(kind) {
  const menu = h('select', { onchange: () => act('project.workflow', { kind, name: menu.value }) }), about = h('small.purpose');
  let known = '';
  return {
    node: h('label.field', { 'data-field': `${kind}_workflow` }, h('span', {}, t(`workflow.${kind}`)), menu, about),
    draw(project) {
      const all = (fact('workflows') ?? []).filter(flow => flow.kind === kind), chosen = project.workflows[kind] ?? '';
      const usual = all.find(flow => flow.name === fact('settings')?.[`${kind}_workflow`]);
      const options = [['', t('workflow.usual', { title: usual?.title ?? '–' })], ...all.map(flow => [flow.name, flow.title])];
      if (chosen && !all.some(flow => flow.name === chosen)) options.push([chosen, t('workflow.gone', { name: chosen })]);
      if (known !== JSON.stringify(options)) { known = JSON.stringify(options); menu.replaceChildren(...options.map(([value, label]) => h('option', { value }, label))) }
      if (menu.value !== chosen) menu.value = chosen;
      put(about, { text: (all.find(flow => flow.name === chosen) ?? (chosen ? null : usual))?.purpose ?? (chosen ? t('workflow.gone.hint') : '') });
    },
  };
}

function folder() {
  const path = h('code', { tabindex: '0' });
  const copy = () => copyText(path.textContent, 'folder.copied', path);
  const show = button(t('reveal'), () => reveal('project'), { mark: 'folder', hidden: true });
  isOnMachine().then(is => { show.hidden = !is });
  return { node: h('section.part.where', {}, h('h2', {}, t('folder.title')), h('div.path', {}, path, button('', copy, { mark: 'copy', title: t('folder.copy') }), show)), draw: about => put(path, { text: about.path }) };
}
