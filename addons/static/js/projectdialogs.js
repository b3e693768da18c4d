// Small questions about whole projects: a new one, another one, a copy.

import { act, ask, fact, h, t } from './core.js';
import { listPresets, sendEdits } from './boardfields.js';
import { form, labelled } from './dialogs.js';
import { keyOf } from './fields.js';
import { sizePicker } from './sizes.js';
import { go, write } from './where.js';

export function newProject() {
  const title = h('input', { type: 'text', autocomplete: 'off', maxlength: '200', placeholder: t('new.untitled') });
  const fps = h('input', { type: 'number', min: '1', max: '120', placeholder: t('hint.workflow') }), style = h('input', { type: 'text', list: 'new-style', autocomplete: 'off', placeholder: '–' });
  const options = h('datalist', { id: 'new-style' }), size = sizePicker(() => {}, 2048);
  listPresets(options, 'style');
  const about = fact('project');
  const fits = about && Math.max(about.width, about.height) <= 2048;
  size.draw(fits ? about.width : 1024, fits ? about.height : 576);
  form(t('new.title'), t('new.make'), [labelled(t('board.field.title'), title), h('div.field', {}, h('span', {}, t('size.title')), size.node),
    h('div.row', {}, labelled(t('board.field.fps'), h('span.unit', { 'data-unit': 'fps' }, fps)), labelled(t('field.tags.style'), style, options))], async () => {
    if (!size.value()) return false;
    await sendEdits();
    const [width, height] = size.value(), before = fact('project')?.path;
    const first = await ask('project.new', { title: title.value.trim() || t('new.untitled'), width, height, fps: fps.value === '' ? null : Number(fps.value), style: keyOf('style', style.value) });
    write('storyboard', first, '#prompt', () => fact('project')?.path !== before);
  });
}

export function openByPath() {
  const path = h('input', { type: 'text', spellcheck: 'false', autocomplete: 'off', placeholder: t('import.path.hint') });
  form(t('open.title'), t('open.open'), [labelled(t('open.path'), path), h('p.quiet', {}, t('open.hint'))], async () => {
    await sendEdits();
    await ask('project.open', { folder: path.value });
    go('storyboard');
  });
}

export function duplicateProject() {
  const title = h('input', { type: 'text', autocomplete: 'off', maxlength: '200', value: t('duplicate.name', { title: fact('project').title }) });
  const takes = h('input', { type: 'checkbox', checked: true });
  form(t('duplicate.title'), t('duplicate.make'), [labelled(t('board.field.title'), title), h('label.tick', {}, takes, h('span', {}, t('duplicate.takes'), h('small', {}, t('duplicate.takes.hint'))))], async () => {
    await sendEdits();
    await ask('project.duplicate', { title: title.value, takes: takes.checked });
  });
}

export async function packProject() {
  await sendEdits();
  act('project.archive');
}
