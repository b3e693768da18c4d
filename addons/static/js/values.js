// The values a picture was made with, taken over into shots.

import { Refused, ask, h, notice, openProject, t, tn, upload } from './core.js';
import { form } from './dialogs.js';
import { takeBack } from './undoing.js';
import { selection } from './where.js';

const NAMES = ['prompt', 'negative', 'seed', 'steps', 'cfg', 'width', 'height'];
const USUAL = ['prompt', 'negative', 'seed']; // the others fit the model they were made with
const OURS = ['seed']; // the prompt of a take has the look and the cast in it already
const label = name => name === 'seed' ? t('recipe.seed') : name === 'steps' ? t('recipe.steps') : name === 'cfg' ? 'cfg' : t(`field.${name}`);

export const hasValues = values => NAMES.some(name => values?.[name] != null && values[name] !== '');

/** Ask which of the values the shots selected take over. */
export function offerValues(values, { isOurs = false } = {}) {
  const how = { project: openProject() }, usual = isOurs ? OURS : USUAL;
  const ids = selection(), here = NAMES.filter(name => values[name] != null && values[name] !== '');
  const ticks = here.map(name => h('input', { type: 'checkbox', name, checked: usual.includes(name) }));
  const rows = here.map((name, n) => h('label.tick', {}, ticks[n], h('span', {}, label(name), h('small', {}, String(values[name])))));
  form(t('values.title'), ids.length > 1 ? tn('values.useMany', ids.length) : t('values.use', { shot: ids[0] }), h('div.values', {}, rows), async () => {
    const chosen = Object.fromEntries(ticks.filter(tick => tick.checked).map(tick => [tick.name, values[tick.name]]));
    const step = await ask('values.use', { shots: ids, values: chosen }, how);
    notice(t('values.used', { shots: ids.join(', ') }), '', step ? takeBack(step) : null);
  }).box.classList.add('values');
}

/** A picture dropped for its values alone; it stays where it is. */
export async function valuesOf(file) {
  try {
    offerValues(await ask('values.read', { upload: await upload(file) }));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    notice(error.message, 'bad');
  }
}
