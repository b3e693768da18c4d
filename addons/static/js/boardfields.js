// Fields of the whole board. What is typed is on disk within half a second; typing in one field is one step.

import { Refused, ask, debounce, fact, h, put, t } from './core.js';
import { keyOf, nameOf } from './fields.js';

const pending = new Set();

/** Send what was typed last; before another project is opened. */
export const sendEdits = () => Promise.all([...pending].map(send => send()));

const KEYS = { base_seed: 'seed' }; // where the project's fact calls a field otherwise
const get = field => field.split('.').reduce((value, key) => value?.[key], fact('project')) ?? fact('project')?.[KEYS[field]];

/** Sends values of one field, and says beside it what was wrong with one. */
export function edits(field, said) {
  let value, sent = Promise.resolve();
  const now = () => {
    if (!pending.has(now)) return sent;
    pending.delete(now);
    return sent = ask('board.set', { field, value }).then(() => { said.hidden = true }, error => {
      if (!(error instanceof Refused)) throw error;
      put(said, { text: error.message });
      said.hidden = false;
    });
  };
  const later = debounce(now, 350);
  return { now, change: to => { value = to; pending.add(now); later() } };
}

function field(name, control, edit, said, ...more) {
  control.addEventListener('focusout', () => edit.now());
  return h('label.field', { 'data-field': name }, h('span', {}, t(`board.field.${name}`)), control, said, ...more);
}

const sentence = () => h('small.problem', { role: 'alert', hidden: true });

export function text(name, { rows = 0, ...more } = {}) {
  const said = sentence(), edit = edits(name, said);
  const control = h(rows ? 'textarea' : 'input', { rows: rows || null, type: rows ? null : 'text', spellcheck: 'true', autocomplete: 'off', ...more });
  control.addEventListener('input', () => edit.change(control.value));
  return { node: field(name, control, edit, said), draw: () => put(control, { value: get(name) ?? '' }) };
}

export function number(name, { unit = '', hint = '', ...limits } = {}) {
  const said = sentence(), edit = edits(name, said);
  const control = h('input', { type: 'number', inputmode: 'decimal', placeholder: hint, ...limits });
  control.addEventListener('input', () => { if (!control.validity.badInput) edit.change(control.value === '' ? null : Number(control.value)) });
  return { node: field(name, h('span.unit', { 'data-unit': unit }, control), edit, said), draw: () => put(control, { value: String(get(name) ?? '') }) };
}

/** Seeds are longer than JavaScript counts exactly; digits are all that is taken. */
export function seed(name) {
  const said = sentence(), edit = edits(name, said);
  const control = h('input', { type: 'text', inputmode: 'numeric', placeholder: t('hint.seed'), autocomplete: 'off' });
  control.addEventListener('input', () => {
    const digits = control.value.replace(/\D/g, '').slice(0, 15);
    if (digits !== control.value) control.value = digits;
    edit.change(digits === '' ? null : Number(digits));
  });
  return { node: field(name, control, edit, said), draw: () => put(control, { value: String(get(name) ?? '') }) };
}

/** A choice from the catalogue of looks; other words may be written too. */
export function tag(category) {
  const name = `tags.${category}`, said = sentence(), edit = edits(name, said), id = `board-${category}`;
  const control = h('input', { type: 'text', list: id, autocomplete: 'off', placeholder: '–' }), options = h('datalist', { id });
  control.addEventListener('input', () => edit.change(keyOf(category, control.value)));
  control.addEventListener('focusout', () => edit.now());
  return {
    node: h('label.field', { 'data-field': name }, h('span', {}, t(`field.tags.${category}`)), control, options, said),
    draw: () => { listPresets(options, category); put(control, { value: nameOf(fact('presets')?.[category] ?? {}, get('tags')?.[category] ?? '') }) },
  };
}

export function listPresets(options, category) {
  const presets = fact('presets')?.[category] ?? {};
  if (options.dataset.known === Object.keys(presets).join()) return;
  options.dataset.known = Object.keys(presets).join();
  options.replaceChildren(...Object.values(presets).map(label => h('option', { value: label })));
}
