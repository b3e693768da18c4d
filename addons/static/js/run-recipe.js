// A job's recipe in a sheet: what matters on top, all of it below, to copy.

import { act, button, h, t } from './core.js';
import { copyText } from './copytext.js';
import { nameOf } from './dock.js';
import { dialog } from './dialogs.js';
import { dollars } from './money.js';
import { versionOf } from './recipe.js';

export async function showRecipe(run) {
  const place = h('div.recipes'), names = [...new Set(run.takes)];
  const first = await load(names.at(-1));
  if (!first) return;
  const tabs = h('div.chips', { hidden: names.length < 2 }, names.map(name => h('button.chip', { type: 'button', data: { take: name }, onclick: async () => fill(name, await load(name)) }, name)));
  const fill = (name, recipe) => {
    for (const tab of tabs.children) tab.setAttribute('aria-pressed', String(tab.dataset.take === name));
    if (!recipe) return;
    const words = JSON.stringify(recipe, null, 2), shown = h('pre', { tabindex: '0', 'aria-label': t('recipe.title') }, words);
    place.replaceChildren(facts(recipe), shown,
      h('div.sheetfoot', {}, button(t('recipe.copy'), () => copyText(words, 'recipe.copied', shown), { mark: 'copy', kind: 'primary' })));
  };
  fill(names.at(-1), first);
  dialog(`${nameOf(run)} · ${t('recipe.title')}`, tabs, place).box.classList.add('recipesheet');
}

const load = take => act('take.recipe', { take });

function facts(recipe) {
  const values = recipe.values ?? {}, date = when => when && new Date(when).toLocaleString(document.documentElement.lang);
  const row = (label, value, isLong = false) => value == null || value === '' ? null : h(`div.fact${isLong ? '.long' : ''}`, {}, h('dt', {}, label), h('dd', {}, String(value)));
  return h('dl.facts', {},
    recipe.error ? h('p.problem', {}, recipe.error) : null, row(t('field.prompt'), values.prompt, true), row(t('field.negative'), values.negative, true),
    row(t('recipe.workflow'), recipe.workflow), row(t('recipe.seed'), values.seed), row(t('recipe.size'), values.width && `${values.width} × ${values.height}`),
    row(t('recipe.server'), recipe.server), row(t('recipe.version'), versionOf(recipe)), row(t('recipe.address'), recipe.url), row(t('runs.began'), date(recipe.started)), row(t('recipe.made'), date(recipe.finished ?? recipe.ended)),
    row(t('recipe.took'), recipe.seconds != null ? `${Number(recipe.seconds).toFixed(1)} s` : null), row(t('recipe.gpu'), recipe.gpu_seconds != null ? `${Number(recipe.gpu_seconds).toFixed(1)} s` : null),
    row(t('recipe.cost'), recipe.cost != null ? dollars(recipe.cost, 4) : null));
}
