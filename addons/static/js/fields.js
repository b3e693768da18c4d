// Fields to edit: what is typed is on disk within half a second. A source says whose fields they are:
// {about, ids, get, ask, label, bring, addPictures, dropPicture}; with several ids, a field shows what they have in common.

import { Refused, fact, h, icon, notice, openProject, put, t, thumbUrl, upload } from './core.js';
import { edits, flushEdits as flush } from './edits.js';

export const flushEdits = flush;
let lists = 0; // of choices, each with a name of its own

/** A field's value, and whether it is another one in some of what is edited. */
export function common(source, field) {
  const [first, ...others] = source.ids(), value = source.get(first, field);
  const isSame = other => { const its = source.get(other, field); return its === value || JSON.stringify(its) === JSON.stringify(value) };
  return { value, several: !others.every(isSame) };
}

export function labelled(source, field, control, ...more) {
  const name = source.label(field);
  return h('label.field', { 'data-field': field }, h('span', { title: name }, name), control, ...more);
}

/** What a control shows: what is stored, or what was typed and is not stored yet. */
function fill(control, edit, value, several, placeholder = '') {
  const kept = edit.kept();
  put(control, { value: String(kept ? kept.shown : several ? '' : value), placeholder: several ? t('field.several') : placeholder });
  control.classList.toggle('is-several', several);
}

export function text(source, field, { rows = 0, placeholder = '', ...more } = {}) {
  const edit = edits(source, field);
  const control = h(rows ? 'textarea' : 'input', { rows: rows || null, type: rows ? null : 'text', spellcheck: 'true', autocomplete: 'off', ...more });
  control.addEventListener('input', () => { edit.change(control.value); grow(control) });
  const draw = edit.on(control, () => { const { value, several } = common(source, field); fill(control, edit, value ?? '', several, placeholder); grow(control) });
  return { node: labelled(source, field, control), draw };
}

function grow(control) { // a text area is as high as its text, within reason; CSS does it where it can
  if (control.tagName !== 'TEXTAREA' || CSS.supports('field-sizing', 'content')) return;
  control.style.height = 'auto';
  control.style.height = `${Math.min(260, control.scrollHeight + 2)}px`;
}

export function number(source, field, { unit = '', hint = '', ...limits }) {
  const edit = edits(source, field);
  const control = h('input', { type: 'number', inputmode: 'decimal', ...Object.fromEntries(Object.entries(limits).map(([k, v]) => [k, String(v)])) });
  control.addEventListener('input', () => {
    const { badInput, rangeUnderflow, rangeOverflow } = control.validity;
    if (badInput || control.value === '' && !hint) return; // a minus alone, or nothing where something has to be
    edit.change(control.value === '' ? null : Number(control.value), control.value, !rangeUnderflow && !rangeOverflow); // 10 may become 1024
  });
  const usual = () => hint === 'board' ? String(fact('project')?.[field] ?? '') : hint ? t(`hint.${hint}`) : '';
  const draw = edit.on(control, () => { const { value, several } = common(source, field); fill(control, edit, value ?? '', several, usual()) });
  return { node: labelled(source, field, h('span.unit', { 'data-unit': unit }, control)), draw };
}

/** Seeds are longer than JavaScript counts exactly; fifteen digits are what it does, and digits all that is taken. */
export function seed(source, field) {
  const edit = edits(source, field);
  const control = h('input', { type: 'text', inputmode: 'numeric' });
  control.addEventListener('input', () => {
    const digits = control.value.replace(/\D/g, '').slice(0, 15);
    if (digits !== control.value) control.value = digits;
    edit.change(digits === '' ? null : Number(digits), digits);
  });
  const draw = edit.on(control, () => { const { value, several } = common(source, field); fill(control, edit, value ?? '', several, t('hint.seed')) });
  return { node: labelled(source, field, control), draw };
}

export function slider(source, field) {
  const edit = edits(source, field), control = h('input', { type: 'range', min: '0', max: '1', step: '0.05' }), shown = h('output');
  control.addEventListener('input', () => { shown.textContent = Number(control.value).toFixed(2); edit.change(Number(control.value)) });
  const draw = edit.on(control, () => {
    const { value, several } = common(source, field), now = edit.kept()?.value ?? value;
    put(control, { value: String(now) });
    put(shown, { text: several ? '…' : Number(now).toFixed(2), title: several ? t('field.several') : null });
  });
  return { node: labelled(source, field, h('span.slide', {}, control, shown)), draw };
}

/** Words of which some are known: `options()` lists them, `shown` and `kept` turn a value into words and back. */
export function choice(source, field, { options, shown = value => value, kept = words => words, usual = () => '–' }) {
  const edit = edits(source, field), id = `known-${field.replace('.', '-')}-${lists++}`;
  const control = h('input', { type: 'text', list: id, autocomplete: 'off' }), list = h('datalist', { id });
  control.addEventListener('input', () => edit.change(kept(control.value), control.value));
  let known = null;
  const draw = edit.on(control, () => {
    const now = options(), { value, several } = common(source, field);
    if (known !== now.join('\n')) { known = now.join('\n'); list.replaceChildren(...now.map(words => h('option', { value: words }))) }
    fill(control, edit, shown(value ?? ''), several, usual());
  });
  return { node: labelled(source, field, control, list), draw };
}

/** A choice from the catalogue of looks; other words may be written too. */
export function tag(source, category) {
  const presets = () => fact('presets')?.[category] ?? {};
  return choice(source, `tags.${category}`, {
    options: () => Object.values(presets()), shown: value => nameOf(presets(), value), kept: words => keyOf(category, words),
    usual: () => nameOf(presets(), fact('project')?.tags?.[category] ?? '') || '–',
  });
}

const each = (words, turn) => words.split(',').map(word => turn(word.trim())).filter(Boolean).join(', ');
/** The words of a tag as they are called, and back. */
export const nameOf = (presets, words) => each(words, word => presets[word] ?? word);
export const keyOf = (category, words) => {
  const byName = Object.fromEntries(Object.entries(fact('presets')?.[category] ?? {}).map(([key, label]) => [label.toLowerCase(), key]));
  return each(words, word => byName[word.toLowerCase()] ?? word);
};

/** Pictures something is made with; dropped or chosen, they are copied into the project. */
export function pictures(source, field, { many = false } = {}) {
  const place = h('div.pictures'), name = source.label(field);
  const bring = async files => {
    const ids = source.ids(), how = { project: openProject() }; // where they were dropped, whatever is selected once they are there
    try {
      const paths = [];
      for (const file of files) paths.push(await source.bring(await upload(file), how));
      if (paths.length) await source.addPictures(field, paths, ids, how);
    } catch (error) { if (!(error instanceof Refused)) throw error; notice(error.message, 'bad') }
    chooser.value = '';
  };
  const chooser = h('input', { type: 'file', accept: 'image/*', multiple: many, hidden: true, 'aria-label': name, onchange: () => bring([...chooser.files]) });
  const add = h('button.drop', { type: 'button', onclick: () => chooser.click(), 'aria-label': `${t('field.bring')}: ${name}`, title: t('field.bring') }, icon('plus'));
  const hasFiles = event => [...event.dataTransfer.types].includes('Files');
  place.addEventListener('dragover', event => { if (hasFiles(event)) { event.preventDefault(); place.classList.add('is-over') } });
  place.addEventListener('dragleave', () => place.classList.remove('is-over'));
  place.addEventListener('drop', event => { place.classList.remove('is-over'); if (event.dataTransfer.files.length) { event.preventDefault(); event.stopPropagation(); bring([...event.dataTransfer.files]) } });
  const drop = path => source.dropPicture(field, path).catch(error => notice(error.message, 'bad'));
  const figure = p => h('figure', { title: p.name }, p.media && p.stamp ? h('img', { src: thumbUrl(p.media, p.stamp, 160), alt: p.name }) : h('span.lost', {}, p.name),
    h('button', { type: 'button', 'aria-label': `${t('remove')}: ${p.name}`, onclick: () => drop(p.path) }, icon('close')));
  let known = '';
  return {
    node: h('div.field', { 'data-field': field }, h('span', { title: name }, name), place, chooser),
    draw() {
      const { value, several } = common(source, field), there = several ? [] : many ? value ?? [] : value ? [value] : [];
      const now = JSON.stringify([there, several]);
      if (now === known) return;
      known = now;
      place.replaceChildren(...there.map(figure), several ? h('small.is-several', {}, t('field.several')) : '', add);
    },
  };
}

export function row(...parts) { return { node: h('div.row', {}, parts.map(part => part.node)), parts } }

export function section(name, isOpen, ...parts) {
  const open = localStorage.getItem(`studio.section.${name}`) ?? (isOpen ? '1' : '');
  const node = h('details', { open: open === '1', ontoggle: event => localStorage.setItem(`studio.section.${name}`, event.target.open ? '1' : '') },
    h('summary', {}, t(`section.${name}`)), parts.map(part => part.node));
  return { node, parts: parts.flatMap(part => part.parts ?? [part]) };
}
