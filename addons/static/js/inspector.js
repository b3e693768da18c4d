// The inspector: every field of the shots selected. What is typed is on disk within half a second.

import { Refused, act, ask, button, debounce, fact, follow, h, icon, keyframeUrl, notice, put, shot, show, t, thumbUrl, tn, upload } from './core.js';
import { go, selection, watch } from './where.js';

let pending = new Set(); // edits that wait to be sent

export function mount(place) {
  const title = h('b.id'), name = text('label', { placeholder: t('field.label.hint') }), many = h('p.many', { hidden: true });
  const fields = [
    text('prompt', { id: 'prompt', rows: 4, placeholder: t('field.prompt.hint') }),
    row(number('seconds', { min: 0.1, max: 30, step: 0.1, unit: 's' }), tag('camera')),
    row(tag('composition'), tag('lighting')), row(tag('mood'), tag('time_of_day')), row(tag('style'), tag('color_grade')),
    section('motion', row(tag('motion'), text('motion.kind', {})), slider('motion.strength'), text('motion.notes', { rows: 2 })),
    section('who', list('characters'), pictures('references'), row(picture('start_image'), picture('end_image')), text('lora', {})),
    section('words', text('negative', { rows: 2 }), text('description', { rows: 2 }), text('notes', { rows: 3 }), text('scene', {})),
    section('numbers', row(number('width', { min: 256, max: 4096, step: 8, hint: 'board' }), number('height', { min: 256, max: 4096, step: 8, hint: 'board' })),
      row(seed('keyframe.seed'), seed('video.seed')), row(number('keyframe.steps', { min: 1, max: 150, step: 1, hint: 'workflow' }), number('keyframe.cfg', { min: 1, max: 30, step: 0.1, hint: 'workflow' })),
      row(number('video.steps', { min: 1, max: 150, step: 1, hint: 'workflow' }), number('video.cfg', { min: 1, max: 30, step: 0.1, hint: 'workflow' }))),
  ];
  const picture0 = h('img', { alt: '', hidden: true });
  const problems = h('p.problem', { role: 'alert', hidden: true });
  place.setAttribute('aria-label', t('inspector'));
  place.append(h('header', {}, title, name.node, h('div.grow')), many, h('button.poster', { type: 'button', onclick: () => go('keyframes'), 'aria-label': t('page.keyframes') }, picture0, h('span', {}, t('board.none'))),
    problems, h('div.deeds', {}, button(t('board.keyframe'), () => act('keyframe.generate', { shots: selection() }), { kind: 'primary', mark: 'spark', key: 'G' }),
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
    show(picture0, keyframeUrl(s, 640));
    picture0.nextSibling.hidden = !!s.key;
    problems.hidden = !s.problems.length;
    put(problems, { text: s.problems.join(' ') });
    for (const field of all) field.draw(s, ids);
  };
  follow(['shot/', 'order', 'presets'], place, draw);
  let seen = '';
  watch(place, () => { const now = selection().join(); if (now !== seen) { flushEdits(); seen = now; draw() } });
  addEventListener('pagehide', flushEdits);
}

const flushEdits = () => { for (const edit of [...pending]) edit.now() };

const get = (s, field) => field.split('.').reduce((value, key) => value?.[key], s);

/** Send a field's value for the shots selected; what was changed elsewhere meanwhile is asked about. */
function edits(field, read) {
  let ids = [], was = null, hasSeen = false;
  const send = debounce(async value => {
    pending.delete(send);
    const asked = { shots: ids, field, value, ...(ids.length === 1 && hasSeen ? { was } : {}) };
    hasSeen = false;
    try { await ask('shot.set', asked) } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status !== 409) return notice(error.message, 'bad');
      notice(t('conflict', { field: t(`field.${field}`), theirs: String(error.theirs).slice(0, 80) }), 'bad', { label: t('conflict.mine'), run: () => act('shot.set', { shots: asked.shots, field, value }) });
    }
  }, 350);
  return {
    now: () => send.now(),
    begin: () => { if (!hasSeen) { ids = selection(); was = get(shot(ids[0]), field) ?? ''; hasSeen = true } },
    change(value) { this.begin(); pending.add(send); send(value) },
  };
}

function labelled(field, control, ...more) {
  return h('label.field', { 'data-field': field }, h('span', {}, t(`field.${field}`)), control, ...more);
}

function text(field, { rows = 0, ...more }) {
  const edit = edits(field);
  const control = h(rows ? 'textarea' : 'input', { rows: rows || null, type: rows ? null : 'text', spellcheck: 'true', autocomplete: 'off', ...more });
  control.addEventListener('focus', edit.begin);
  control.addEventListener('input', () => { edit.change(control.value); grow(control) });
  control.addEventListener('blur', () => edit.now());
  return { node: labelled(field, control), draw: s => { put(control, { value: get(s, field) ?? '' }); grow(control) } };
}

function grow(control) { // a text area is as high as its text, within reason; CSS does it where it can
  if (control.tagName !== 'TEXTAREA' || CSS.supports('field-sizing', 'content')) return;
  control.style.height = 'auto';
  control.style.height = `${Math.min(260, control.scrollHeight + 2)}px`;
}

function number(field, { unit = '', hint = '', ...limits }) {
  const edit = edits(field), whole = limits.step >= 1;
  const control = h('input', { type: 'number', inputmode: 'decimal', ...Object.fromEntries(Object.entries(limits).map(([k, v]) => [k, String(v)])) });
  control.addEventListener('input', () => {
    if (control.value === '' ? hint : control.checkValidity() || !whole) edit.change(control.value === '' ? null : Number(control.value));
  });
  control.addEventListener('blur', () => edit.now());
  return {
    node: labelled(field, h('span.unit', { 'data-unit': unit }, control)),
    draw: s => put(control, { value: String(get(s, field) ?? ''), placeholder: hint === 'board' ? String(fact('project')?.[field] ?? '') : hint ? t(`hint.${hint}`) : '' }),
  };
}

function seed(field) {
  const edit = edits(field);
  const control = h('input', { type: 'text', inputmode: 'numeric', placeholder: t('hint.seed') });
  control.addEventListener('input', () => {
    const digits = control.value.replace(/\D/g, '');
    if (digits !== control.value) control.value = digits;
    edit.change(digits === '' ? null : Number(digits));
  });
  control.addEventListener('blur', () => edit.now());
  return { node: labelled(field, control), draw: s => put(control, { value: String(get(s, field) ?? '') }) };
}

function slider(field) {
  const edit = edits(field), control = h('input', { type: 'range', min: '0', max: '1', step: '0.05' }), value = h('output');
  control.addEventListener('input', () => { value.textContent = control.value; edit.change(Number(control.value)) });
  return { node: labelled(field, h('span.slide', {}, control, value)), draw: s => { put(control, { value: String(get(s, field)) }); put(value, { text: Number(get(s, field)).toFixed(2) }) } };
}

/** A choice from the catalogue of looks; other words may be written too. */
function tag(category) {
  const field = `tags.${category}`, edit = edits(field), id = `tags-${category}`;
  const control = h('input', { type: 'text', list: id, autocomplete: 'off', placeholder: '–' }), options = h('datalist', { id });
  control.addEventListener('focus', edit.begin);
  control.addEventListener('input', () => edit.change(keyOf(category, control.value)));
  control.addEventListener('blur', () => edit.now());
  let known = '';
  return {
    node: labelled(field, control, options),
    draw: s => {
      const presets = fact('presets')?.[category] ?? {};
      if (known !== Object.keys(presets).join()) {
        known = Object.keys(presets).join();
        options.replaceChildren(...Object.values(presets).map(label => h('option', { value: label })));
      }
      put(control, { value: nameOf(presets, s.tags[category] ?? ''), placeholder: nameOf(presets, fact('project')?.tags?.[category] ?? '') || '–' });
    },
  };
}

export const nameOf = (presets, words) => words.split(',').map(w => presets[w.trim()] ?? w.trim()).join(', ');
export const keyOf = (category, words) => {
  const byName = Object.fromEntries(Object.entries(fact('presets')?.[category] ?? {}).map(([key, label]) => [label.toLowerCase(), key]));
  return words.split(',').map(w => byName[w.trim().toLowerCase()] ?? w.trim()).filter(Boolean).join(', ');
};

function list(field) {
  const edit = edits(field), control = h('input', { type: 'text', placeholder: t('field.characters.hint') });
  control.addEventListener('input', () => edit.change(control.value.split(',').map(n => n.trim()).filter(Boolean)));
  control.addEventListener('blur', () => edit.now());
  return { node: labelled(field, control), draw: s => put(control, { value: (get(s, field) ?? []).join(', ') }) };
}

/** Pictures a shot is made with; dropped or chosen, they are copied into the project. */
function pictures(field) {
  const place = h('div.pictures'), isMany = field === 'references';
  const current = () => { const v = get(shot(selection()[0]), field); return isMany ? v : v ? [v] : [] };
  const set = paths => act('shot.set', { shots: selection(), field, value: isMany ? paths : paths.at(-1) ?? null });
  const bring = async files => {
    for (const file of files) {
      try {
        const path = await ask('reference.bring', { upload: await upload(file) });
        await set([...current().map(p => p.path), path]);
      } catch (error) { notice(error.message, 'bad') }
    }
  };
  const chooser = h('input', { type: 'file', accept: 'image/*', multiple: isMany, hidden: true, onchange: () => bring(chooser.files) });
  const add = h('button.drop', { type: 'button', onclick: () => chooser.click(), 'aria-label': t('field.bring') }, icon('plus'));
  place.addEventListener('dragover', event => { if ([...event.dataTransfer.types].includes('Files')) event.preventDefault() });
  place.addEventListener('drop', event => { if (event.dataTransfer.files.length) { event.preventDefault(); bring(event.dataTransfer.files) } });
  return {
    node: h('div.field', { 'data-field': field }, h('span', {}, t(`field.${field}`)), place, chooser),
    draw: () => {
      const there = current();
      place.replaceChildren(...there.map((p, n) => h('figure', { title: p.name }, p.media && p.stamp ? h('img', { src: thumbUrl(p.media, p.stamp, 160), alt: p.name }) : h('span.lost', {}, p.name),
        h('button', { type: 'button', 'aria-label': `${t('remove')}: ${p.name}`, onclick: () => set(there.filter((_, other) => other !== n).map(q => q.path)) }, icon('close')))), add);
    },
  };
}

const picture = pictures;

function row(...parts) { return { node: h('div.row', {}, parts.map(part => part.node)), parts } }

function section(name, ...parts) {
  const open = localStorage.getItem(`studio.section.${name}`) ?? (name === 'who' ? '1' : '');
  const node = h('details', { open: open === '1', ontoggle: event => localStorage.setItem(`studio.section.${name}`, event.target.open ? '1' : '') },
    h('summary', {}, t(`section.${name}`)), parts.map(part => part.node));
  return { node, parts: parts.flatMap(part => part.parts ?? [part]) };
}

