// Fields of the whole board. What is typed is on disk within half a second; typing in one field is one step.

import { ask, fact, h, put, t } from './core.js';
import { edits, flushEdits } from './edits.js';
import { keyOf, nameOf } from './fields.js';

/** Send what was typed last; before another project is opened. */
export const sendEdits = flushEdits;

const KEYS = { base_seed: 'seed' }; // where the project's fact calls a field otherwise
const get = field => field.split('.').reduce((value, key) => value?.[key], fact('project')) ?? fact('project')?.[KEYS[field]];
const board = {
  about: 'board', ids: () => ['board'], get: (id, field) => get(field), label: field => t(`board.field.${field}`),
  ask: (ids, field, value, seen, how) => ask('board.set', { field, value }, how),
};

/** Edits of one field of the board; what was wrong with one is said beside it. */
const boardEdits = (name, said) => edits(board, name, sentence => { if (sentence) put(said, { text: sentence }); said.hidden = !sentence });

/** Show what is stored, or what was typed and is not stored yet; what is said of another project's is no matter here. */
function show(control, edit, said, value) {
  const kept = edit.kept();
  put(control, { value: String(kept ? kept.shown : value) });
  said.hidden = !kept?.refused;
}

const field = (name, control, said, ...more) => h('label.field', { 'data-field': name }, h('span', {}, t(`board.field.${name}`)), control, said, ...more);

const sentence = () => h('small.problem', { role: 'alert', hidden: true });

export function text(name, { rows = 0, ...more } = {}) {
  const said = sentence(), edit = boardEdits(name, said);
  const control = h(rows ? 'textarea' : 'input', { rows: rows || null, type: rows ? null : 'text', spellcheck: 'true', autocomplete: 'off', ...more });
  control.addEventListener('input', () => edit.change(control.value));
  return { node: field(name, control, said), draw: edit.on(control, () => show(control, edit, said, get(name) ?? '')) };
}

export function number(name, { unit = '', hint = '', ...limits } = {}) {
  const said = sentence(), edit = boardEdits(name, said);
  const control = h('input', { type: 'number', inputmode: 'decimal', placeholder: hint, ...limits });
  control.addEventListener('input', () => { if (!control.validity.badInput) edit.change(control.value === '' ? null : Number(control.value), control.value) });
  return { node: field(name, h('span.unit', { 'data-unit': unit }, control), said), draw: edit.on(control, () => show(control, edit, said, get(name) ?? '')) };
}

/** Seeds are longer than JavaScript counts exactly; digits are all that is taken. */
export function seed(name) {
  const said = sentence(), edit = boardEdits(name, said);
  const control = h('input', { type: 'text', inputmode: 'numeric', placeholder: t('hint.seed'), autocomplete: 'off' });
  control.addEventListener('input', () => {
    const digits = control.value.replace(/\D/g, '').slice(0, 15);
    if (digits !== control.value) control.value = digits;
    edit.change(digits === '' ? null : Number(digits), digits);
  });
  return { node: field(name, control, said), draw: edit.on(control, () => show(control, edit, said, get(name) ?? '')) };
}

/** A choice from the catalogue of looks; other words may be written too. */
export function tag(category) {
  const name = `tags.${category}`, said = sentence(), edit = boardEdits(name, said), id = `board-${category}`;
  const control = h('input', { type: 'text', list: id, autocomplete: 'off', placeholder: '–' }), options = h('datalist', { id });
  control.addEventListener('input', () => edit.change(keyOf(category, control.value), control.value));
  const draw = edit.on(control, () => { listPresets(options, category); show(control, edit, said, nameOf(fact('presets')?.[category] ?? {}, get('tags')?.[category] ?? '')) });
  return { node: h('label.field', { 'data-field': name }, h('span', {}, t(`field.tags.${category}`)), control, options, said), draw };
}

export function listPresets(options, category) {
  const presets = fact('presets')?.[category] ?? {};
  if (options.dataset.known === Object.keys(presets).join()) return;
  options.dataset.known = Object.keys(presets).join();
  options.replaceChildren(...Object.values(presets).map(label => h('option', { value: label })));
}
