// A take's recipe: how it was made, to read, to copy, and to make again.

import { act, ask, button, fact, h, notice, stale, t } from './core.js';
import { copyText } from './copytext.js';
import { useElsewhere } from './elsewhere.js';
import { dollars } from './money.js';
import { onProject } from './otherproject.js';
import { hasValues, offerValues } from './values.js';
import { go } from './where.js';

const known = new Map(); // recipes that are finished do not change
onProject(() => known.clear());

export function drawRecipe(place, s, take) {
  const name = take?.name ?? '';
  const is = `${fact('project')?.key} ${name} ${take?.stamp} ${take?.isPicked} ${take?.stars} ${stale(s?.id).why}`;
  if (place.dataset.is === is) return;
  place.dataset.is = is;
  if (!take) return place.replaceChildren(h('p.quiet', {}, t('recipe.none')));
  if (known.has(name)) return fill(place, s, take, known.get(name));
  ask('take.recipe', { take: name }).then(recipe => {
    if (place.dataset.is !== is) return;
    if (recipe.state === 'done') known.set(name, recipe);
    fill(place, s, take, recipe);
  }).catch(error => place.dataset.is === is && place.replaceChildren(h('p.problem', {}, error.message)));
}

/** The version that drew it, and the hash of all it is made of. */
export const versionOf = recipe => recipe.version && [recipe.version.id, recipe.version.closure?.slice(0, 12)].filter(Boolean).join(' · ');

function fill(place, s, take, recipe) {
  const values = recipe.carried ?? recipe.values ?? {}, seed = recipe.carried ? null : values.seed;
  const row = (label, value, isLong = false) => value == null || value === false || value === '' || value?.length === 0 ? null : h(`div.fact${isLong ? '.long' : ''}`, {}, h('dt', {}, label), h('dd', {}, Array.isArray(value) ? value.map(v => String(v).split('/').at(-1)).join(', ') : String(value)));
  const again = change => act('keyframe.again', { shot: s.id, seed: Math.max(0, seed + change) });
  const why = stale(s.id).why;
  const old = take.isPicked && why.length ? h('p.stale', {}, t('stale.since', { what: why.map(w => t(`stale.${w}`)).join(', ') })) : null;
  place.replaceChildren(...[
    h('h2', {}, t('recipe.title')), old,
    h('dl.facts', {},
      row(t('field.prompt'), values.prompt, true), row(t('field.negative'), values.negative, true),
      row(t('recipe.seed'), values.seed), row(t('recipe.size'), values.width && `${values.width} × ${values.height}`), row(t('recipe.steps'), values.steps), row('cfg', values.cfg),
      row(t('field.references'), values.references), row('LoRA', values.lora), row(t('recipe.workflow'), recipe.workflow), row(t('recipe.server'), recipe.server), row(t('recipe.version'), versionOf(recipe)),
      row(t('recipe.took'), recipe.seconds != null && `${Number(recipe.seconds).toFixed(1)} s`), row(t('recipe.cost'), recipe.cost != null && dollars(recipe.cost, 4)), row(t('recipe.made'), recipe.finished && new Date(recipe.finished).toLocaleString(document.documentElement.lang)),
      row(t('recipe.broughtIn'), recipe.brought_in)),
    seed != null && h('div.deeds.seeds', {}, button(t('recipe.again'), () => again(0), { mark: 'again', title: t('recipe.again.hint') }), button('−1', () => again(-1), { title: t('recipe.seedMinus') }), button('+1', () => again(1), { title: t('recipe.seedPlus') })),
    h('div.uses', {}, [
      seed != null && button(t('recipe.keepSeed'), () => act('shot.set', { shots: [s.id], field: 'keyframe.seed', value: seed }).then(done => done !== undefined && notice(t('recipe.seedKept'))), { kind: 'ghost', mark: 'check' }),
      hasValues(values) && button(t('values.button'), () => offerValues(values, { isOurs: !recipe.carried }), { kind: 'ghost', mark: 'drop', title: t('values.hint') }),
      button(t('recipe.asReference'), () => act('take.use', { take: take.file, shots: [s.id], field: 'references' }), { kind: 'ghost', mark: 'image' }),
      button(t('recipe.asStart'), () => startNext(s, take), { kind: 'ghost', mark: 'video' }),
      button(t('elsewhere.button'), () => useElsewhere(take), { kind: 'ghost', mark: 'right' }),
      button(t('recipe.copy'), () => copyText(JSON.stringify(recipe, null, 2), 'recipe.copied'), { kind: 'ghost', mark: 'copy' }),
    ]),
    recipe.changes?.length ? h('details', {}, h('summary', {}, t('recipe.changes', { n: recipe.changes.length })), h('ul.changes', {}, recipe.changes.map(c => h('li', {}, h('b', {}, `${c.title || c.node} · ${c.input}`), h('span', {}, `${short(c.old)} → ${short(c.new)}`), h('small', {}, c.why))))) : null,
  ].filter(Boolean));
}

async function startNext(s, take) {
  const order = fact('order'), next = order[order.indexOf(s.id) + 1];
  if (!next) return notice(t('recipe.noNext'));
  if (await act('take.use', { take: take.file, shots: [next], field: 'start_image' }) === undefined) return;
  notice(t('recipe.startOf', { shot: next }), '', { label: t('show'), run: () => go('storyboard', next) });
}

const short = value => { const text = typeof value === 'string' ? value : JSON.stringify(value) ?? '–'; return text.length > 60 ? `${text.slice(0, 58)}…` : text };
