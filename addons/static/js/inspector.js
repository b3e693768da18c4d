// The inspector: every field of the shots selected, in the order an artist asks for them.

import { act, ask, button, follow, h, keyframeUrl, put, shot, shots, show, t, tn } from './core.js';
import { asSent } from './as_sent.js';
import { chips } from './chips.js';
import { choice, flushEdits, number, pictures, row, section, seed, slider, tag, text } from './fields.js';
import { go, selection, watch } from './where.js';

const dig = (s, field) => field.startsWith('tags.') ? s?.tags[field.slice(5)] : field.split('.').reduce((value, key) => value?.[key], s);

/** The shots selected, as the fields see them. */
export const selected = {
  about: 'shot',
  ids: selection,
  get: (id, field) => dig(shot(id), field),
  label: field => t(`field.${field}`),
  ask: (shots, field, value, seen, how) => ask('shot.set', { shots, field, value, ...seen }, how),
  bring: (upload, how) => ask('reference.bring', { upload }, how),
  addPictures: (field, paths, shots, how) => field === 'references' ? ask('shot.put_in', { shots, field, values: paths }, how) : ask('shot.set', { shots, field, value: paths.at(-1) }, how),
  dropPicture: (field, path) => field === 'references' ? ask('shot.take_out', { shots: selection(), field, values: [path] }) : ask('shot.set', { shots: selection(), field, value: null }),
};

const words = (field, more) => text(selected, field, more);
const count = (field, more) => number(selected, field, more);
const look = category => tag(selected, category);
const scenes = () => [...new Set(shots().map(s => s.scene).filter(Boolean))];

function fieldsOf() {
  const pixels = { min: 256, max: 4096, step: 8, hint: 'board' }, steps = { min: 1, max: 150, step: 1, hint: 'workflow' }, cfg = { min: 1, max: 30, step: 0.1, hint: 'workflow' };
  return [
    words('prompt', { id: 'prompt', rows: 3, placeholder: t('field.prompt.hint') }),
    asSent(focusOn), chips(),
    row(count('seconds', { min: 0.1, max: 30, step: 0.1, unit: 's' }), choice(selected, 'scene', { options: scenes })),
    row(look('camera'), look('composition')), row(look('lighting'), look('time_of_day')), row(look('style'), look('mood')), row(look('color_grade'), look('motion')),
    section('pictures', true, pictures(selected, 'references', { many: true }), row(pictures(selected, 'start_image'), pictures(selected, 'end_image')), words('lora')),
    section('motion', false, row(words('motion.kind'), slider(selected, 'motion.strength')), words('motion.notes', { rows: 2 })),
    section('words', false, words('negative', { rows: 2 }), words('description', { rows: 2 }), words('notes', { rows: 2 })),
    section('numbers', false, row(count('width', pixels), count('height', pixels)), row(seed(selected, 'keyframe.seed'), seed(selected, 'video.seed')),
      row(count('keyframe.steps', steps), count('keyframe.cfg', cfg)), row(count('video.steps', steps), count('video.cfg', cfg))),
  ];
}

export function mount(place) {
  const title = h('b.id'), name = words('label', { placeholder: t('field.label.hint') }), many = h('p.many', { hidden: true });
  const fields = fieldsOf(), picture = h('img', { alt: '', hidden: true }), problems = h('p.problem', { role: 'alert', hidden: true });
  place.setAttribute('aria-label', t('inspector'));
  place.append(h('header', {}, title, name.node), many,
    h('button.poster', { type: 'button', onclick: () => go('keyframes'), 'aria-label': t('page.keyframes') }, picture, h('span', {}, t('board.none'))), problems,
    h('div.deeds', {}, button(t('board.keyframe'), () => act('keyframe.generate', { shots: selection() }), { kind: 'primary', mark: 'spark', key: 'G' }),
      button(t('board.video'), () => act('video.generate', { shots: selection() }), { mark: 'video', key: 'V' })),
    ...fields.map(field => field.node));
  const all = [name, ...fields.flatMap(field => field.parts ?? [field])];

  const draw = () => {
    const ids = selection(), s = shot(ids[0]);
    place.classList.toggle('is-empty', !s);
    if (!s) return;
    put(title, { text: s.id });
    many.hidden = ids.length < 2;
    put(many, { text: tn('count.selected', ids.length) });
    show(picture, keyframeUrl(s, 640));
    picture.nextSibling.hidden = !!s.key;
    problems.hidden = !s.problems.length;
    put(problems, { text: s.problems.join(' ') });
    for (const field of all) field.draw();
  };
  follow(['shot/', 'order', 'presets', 'cast', 'project'], place, draw);
  let seen = '';
  watch(place, () => {
    const now = selection().join();
    if (now === seen) return;
    if (place.contains(document.activeElement) && document.activeElement.matches('input, textarea')) document.activeElement.blur(); // its words are the other shot's
    flushEdits();
    seen = now;
    draw();
  });
}

/** Lead to the field of a shot that something comes from. */
export function focusOn(field) {
  const control = document.querySelector(`.inspector [data-field="${CSS.escape(field)}"] :is(input, textarea, button)`);
  if (!control) return;
  const folded = control.closest('details');
  if (folded) folded.open = true;
  control.focus();
  control.scrollIntoView({ block: 'nearest' });
}
