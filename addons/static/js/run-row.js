// One row of the Runs page: an errand of the queue, or a job from before; both are told alike.

import { button, clock, fact, h, isVideo, language, percent, put, shot, show, t, thumbUrl } from './core.js';
import { nameOf } from './dock.js';
import { isHere as isOfOpen } from './making.js';
import { stampOf } from './takes.js';

const PAGE_OF = { keyframe: 'keyframes', video: 'video', film: 'film', proxies: 'film', try: 'settings', panel: 'comic', portrait: 'comic', book: 'comic', plan: 'comic', picture: 'runs' };
const isPicture = file => /\.(png|jpe?g|webp)$/i.test(file);

export function makeRow(run) {
  const deed = (name, mark) => button('', null, { kind: 'ghost', mark, title: t(`runs.do.${name}`), data: { deed: name } });
  const cell = (kind, ...children) => h(`div.${kind}`, { role: 'cell' }, ...children);
  return h('div.run', { role: 'row', tabindex: '0', data: { run: run.id } },
    cell('thumb', h('span.place'), h('img', { alt: '', hidden: true, loading: 'lazy', decoding: 'async', onerror: event => { event.target.hidden = true } })),
    cell('what', h('a'), h('small')),
    cell('how', h('span.state'), h('div.bar', { role: 'progressbar', 'aria-valuemin': '0', 'aria-valuemax': '100', hidden: true }, h('i')), h('small.left')),
    cell('began'), cell('took'), cell('where'),
    cell('do', deed('first', 'up'), deed('again', 'again'), deed('recipe', 'recipe'), deed('cancel', 'close')),
    h('div.why', { role: 'cell', hidden: true }));
}

/** `at` is its place among those that wait, from 1. */
export function updateRow(row, run, group, at) {
  const project = fact('project')?.path, order = fact('order');
  if (row.run === run && row.at === at && row.project === project && row.order === order) return;
  Object.assign(row, { run, at, project, order });
  const [thumb, what, how, began, , where, deeds, why] = row.children;
  const isHere = run.take || isOfOpen(run), name = nameOf(run);
  const state = run.state === 'cancelled' && run.error ? 'leftOut' : run.state, isRunning = group === 'running';
  put(row, { 'data-state': run.state, 'aria-label': `${name}: ${t(`state.${state}`)}` });
  row.draggable = group === 'waiting';
  put(thumb.firstChild, { text: at ? String(at) : '' });
  show(thumb.lastChild, pictureOf(run, isHere, isRunning));
  put(what.firstChild, { text: name, href: isHere && (!run.shot || shot(run.shot)) ? addressOf(run) : null });
  put(what.lastChild, { text: subtitle(run, isHere, isRunning) });
  put(how.firstChild, { text: run.reused ? t('state.reused') : isRunning && run.fraction ? percent(run.fraction) : t(`state.${state}`) });
  const bar = how.children[1];
  bar.hidden = !isRunning;
  if (isRunning) { bar.firstChild.style.width = percent(run.fraction); put(bar, { 'aria-valuenow': Math.round(run.fraction * 100), 'aria-label': name }) }
  put(began, { text: run.began ? moment(run.began) : '', title: run.began ? new Date(run.began * 1000).toLocaleString(language) : null });
  put(where, { text: run.server ?? '', title: [run.server, run.workflow].filter(Boolean).join(' · ') || null });
  const [first, again, recipe, cancel] = deeds.children;
  first.hidden = at < 2;
  again.hidden = !['failed', 'cancelled', 'stopped'].includes(run.state) || !!run.take && run.deed !== 'picture' && !shot(run.shot);
  recipe.hidden = !run.takes.length || !isHere;
  cancel.hidden = !['running', 'waiting', 'stopped'].includes(run.state);
  for (const deed of deeds.children) put(deed, { 'aria-label': `${t(`runs.do.${deed.dataset.deed}`)}: ${name}` });
  why.hidden = !run.error;
  put(why, { text: run.error ?? '' });
  tickRow(row);
}

/** What changes by itself as time goes by. */
export function tickRow(row) {
  const { run } = row, now = Date.now() / 1000, isRunning = ['running', 'cancelling'].includes(run.state);
  const took = isRunning ? now - run.began : run.seconds ?? (run.began && run.ended ? run.ended - run.began : null);
  put(row.children[4], { text: took == null || run.reused || ['waiting', 'stopped'].includes(run.state) ? '' : isRunning || took >= 60 ? clock(Math.max(0, took)) : `${took.toFixed(1)} s` });
  put(row.children[2].lastChild, { text: isRunning && run.until > now ? t('dock.left', { time: clock(Math.max(1, run.until - now)) }) : '' });
}

export const addressOf = run => run.shot ? `#${PAGE_OF[run.deed] ?? 'storyboard'}/${encodeURIComponent(run.shot)}` : `#${PAGE_OF[run.deed] ?? 'project'}`;

function subtitle(run, isHere, isRunning) {
  const made = run.files.map(file => file.split('/').at(-1));
  const wish = run.values?.seed != null ? t('runs.seed', { n: run.values.seed }) : run.values?.variant ? t('runs.variant', { n: run.values.variant }) : '';
  const named = made.length ? made.length > 2 ? `${made.at(-1)} +${made.length - 1}` : made.join(', ') : run.takes.at(-1) ?? wish;
  return [!isHere && run.project, named, isRunning && run.note, run.workflow].filter(Boolean).join(' · ');
}

/** The picture as it forms, or what was made. */
function pictureOf(run, isHere, isRunning) {
  if (isRunning) return run.preview ? `studio/preview/${run.id}?v=${run.preview}` : null;
  const files = run.files.filter(file => isPicture(file) || isVideo(file));
  const file = files.find(one => one.startsWith('takes/')) ?? files[0];
  return file && isHere ? thumbUrl(file, file.startsWith('takes/') ? stampOf(run.shot, run.takes.at(-1)) : String(Math.round(run.ended)), 160) : null;
}

function moment(seconds) {
  const when = new Date(seconds * 1000), time = when.toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit' });
  return when.toDateString() === new Date().toDateString() ? time : `${when.toLocaleDateString(language, { day: 'numeric', month: 'short' })} ${time}`;
}
