// Projects opened lately: a strip of pictures, the title, and how long ago. What has gone can be forgotten.

import { act, clock, fact, follow, h, icon, keyed, notice, put, show, t, tn } from './core.js';
import { sendEdits } from './boardfields.js';
import { go } from './where.js';

export function mountRecents(place) {
  const list = h('div.recents'), none = h('p.quiet', {}, t('recent.none'));
  place.append(h('h2', {}, t('recent.title')), list, none);
  follow(['recent', 'project'], list, () => {
    const all = fact('recent') ?? [];
    none.hidden = !!all.length;
    keyed(list, all, one => one.key, make, update);
  });
  setInterval(() => list.offsetParent && keyed(list, fact('recent') ?? [], one => one.key, make, update), 60_000);
}

/** Open a project; what was typed into the one before is on disk first. */
export async function openProject(folder, page = '') {
  await sendEdits();
  if (await act('project.open', { folder }) !== undefined && page) go(page);
}

function make(one) {
  return h('article.recent', {},
    h('button.open', { type: 'button' }, h('div.strip', {}), h('b', {}), h('small', {})),
    h('button.forget', { type: 'button' }, icon('close')));
}

function update(card, one) {
  const [open, forget] = card.children, [strip, title, about] = open.children;
  card.classList.toggle('is-open', one.folder === fact('project')?.path);
  card.classList.toggle('is-gone', !one.exists);
  put(open, { disabled: !one.exists, title: one.folder, 'aria-current': one.folder === fact('project')?.path ? 'true' : null });
  open.onclick = () => openProject(one.folder);
  forget.onclick = () => act('project.forget', { key: one.key }).then(done => done !== undefined && notice(t('recent.forgotten', { title: one.title })));
  put(forget, { title: t('recent.forget'), 'aria-label': `${t('recent.forget')}: ${one.title}` });
  put(title, { text: one.title });
  const facts = [tn('count.shots', one.shots), one.seconds ? clock(one.seconds) : '', ago(one.when)];
  put(about, { text: !one.exists ? t('recent.gone') : one.problem ? t('recent.broken') : facts.filter(Boolean).join(' · ') });
  keyed(strip, one.strip.map((stamp, n) => ({ stamp, n })), p => p.n, () => h('img', { alt: '', loading: 'lazy', decoding: 'async' }), (img, p) => show(img, `studio/recent/${one.key}/${p.n}?v=${p.stamp}`));
}

const STEPS = [[60, 'second'], [60, 'minute'], [24, 'hour'], [7, 'day'], [4.35, 'week'], [12, 'month'], [Infinity, 'year']];

/** How long ago, in words. */
export function ago(when) {
  let past = Math.max(0, Date.now() / 1000 - when);
  if (past < 45) return t('ago.now');
  for (const [many, unit] of STEPS) {
    if (past < many) return new Intl.RelativeTimeFormat(document.documentElement.lang || 'en', { numeric: 'auto' }).format(-Math.round(past), unit);
    past /= many;
  }
}
