// Work on whole projects: how far it is, then how it ended, with every sentence until it is dismissed.

import { act, button, fact, follow, h, icon, keyed, percent, put, runs, t, tn } from './core.js';
import { isActive } from './dock.js';
import { openProject } from './recents.js';
import { here as isOnMachine, reveal } from './reveal.js';
import { here } from './where.js';

const DEEDS = ['import', 'archive', 'duplicate', 'sheet', 'book', 'plan'];
const awaited = new Set(); // imports into new projects, asked for on this page

/** Open the project these errands make, unless the artist has gone elsewhere meanwhile. They may be over already. */
export function openWhenDone(ids) {
  ids.forEach(id => awaited.add(id));
  openAwaited();
}

export function mountOutcomes(place) {
  place.classList.add('always'); // also while it is empty, and so not to be seen
  place.setAttribute('aria-live', 'polite');
  const draw = () => {
    const going = runs().filter(run => DEEDS.includes(run.deed) && isActive(run)), over = fact('outcomes') ?? [];
    keyed(place, [...going.map(run => ({ run, key: run.id })), ...over.filter(o => !going.some(run => run.id === o.id)).map(outcome => ({ outcome, key: `${outcome.id}.` }))],
      one => one.key, one => one.run ? makeRun() : makeOutcome(one.outcome), (card, one) => one.run ? updateRun(card, one.run) : updateOutcome(card, one.outcome));
    place.hidden = !place.children.length;
  };
  follow(['outcomes', 'run/', 'queue', 'project'], place, () => { draw(); openAwaited() });
}

function openAwaited() {
  for (const outcome of fact('outcomes') ?? []) {
    if (!awaited.delete(outcome.id) || !outcome.project || here() !== 'project') continue;
    if (outcome.project !== fact('project')?.path) openProject(outcome.project);
  }
}

function makeRun() {
  return h('article.outcome.is-going', {}, h('header', {}, h('b', {}), h('small', {}), h('div.grow'), button(t('cancel'), null, {})), h('div.bar', { role: 'progressbar', 'aria-valuemin': '0', 'aria-valuemax': '100' }, h('i')));
}

function updateRun(card, run) {
  const [head, bar] = card.children, [name, note, , cancel] = head.children;
  put(name, { text: t(`deed.${run.deed}`) });
  put(note, { text: run.note || t(`state.${run.state}`) });
  cancel.onclick = () => act('run.cancel', { ids: [run.id] });
  bar.firstChild.style.width = percent(run.fraction);
  put(bar, { 'aria-valuenow': Math.round(run.fraction * 100), 'aria-label': t(`deed.${run.deed}`) });
}

const MANY = 8; // sentences shown at once

function makeOutcome(o) {
  const said = o.said.map(sentence => h('li', {}, sentence));
  const more = said.length > MANY ? h('details', {}, h('summary', {}, tn('outcome.more', said.length - MANY)), h('ul', {}, said.splice(MANY))) : null;
  return h(`article.outcome${o.is_bad ? '.is-bad' : ''}`, { role: o.is_bad ? 'alert' : null },
    h('header', {}, icon(o.is_bad ? 'stop' : 'check'), h('b', {}, t(`outcome.${o.deed}${o.is_bad ? '.bad' : ''}`, { name: o.about })), h('div.grow'), h('span.links'),
      button('', () => act('outcome.dismiss', { id: o.id }), { mark: 'close', kind: 'ghost', title: t('outcome.dismiss') })),
    said.length ? h('ul.said', {}, said) : null, more);
}

function updateOutcome(card, o) {
  const links = card.querySelector('.links'), isOpen = o.project === fact('project')?.path;
  if (links.dataset.is === String(isOpen)) return;
  links.dataset.is = isOpen;
  links.replaceChildren(...linksOf(o, isOpen));
  if (o.file) isOnMachine().then(is => is && links.append(button(t('reveal'), () => reveal(o.id), { mark: 'project' })));
}

const linksOf = (o, isOpen) => [
  o.project && !isOpen && !o.is_bad && button(t('outcome.open'), () => openProject(o.project), {}),
  ...fileLinks(o),
].filter(Boolean);

/** Where what was made can be had. */
export const fileLinks = o => !o.file ? [] : [
  o.name.endsWith('.pdf') && h('a.btn', { href: `studio/made/${o.id}?inline=true`, target: '_blank', rel: 'noopener' }, t('outcome.look')),
  h('a.btn', { href: `studio/made/${o.id}`, download: o.name }, t('outcome.download')),
].filter(Boolean);
