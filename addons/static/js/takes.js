// Takes as the pages show them: which there are of a shot, how each looks, and what can be done with one.

import { Refused, act, ask, h, icon, mediaUrl, notice, openProject, put, shot, t, thumbUrl, tn, upload } from './core.js';

export const isPicture = file => /\.(png|jpe?g|webp)$/i.test(file);
const order = name => Number(/_v(\d+)$/.exec(name)?.[1] ?? 0);

const isShown = take => take.state === 'done' && take.files.some(isPicture);
/** How many pictures there are of a shot. */
export const countOf = s => (s?.takes ?? []).reduce((sum, take) => sum + isShown(take), 0);

/** A shot's pictures that are there, newest last; rejected ones only when asked for. */
export function picturesOf(s, { rejected = true } = {}) {
  return (s?.takes ?? [])
    .filter(take => isShown(take) && (rejected || !take.rejected))
    .map(take => ({ ...take, file: take.files.find(isPicture), shot: s.id, isPicked: take.files.includes(s.picked) && !s.own }))
    .sort((a, b) => order(a.name) - order(b.name));
}

export const failedOf = s => (s?.takes ?? []).filter(take => take.state === 'failed');
export const takeUrl = (take, width = 480) => width ? thumbUrl(`takes/${take.file}`, take.stamp, width) : mediaUrl(`takes/${take.file}`, take.stamp);
/** What changes when a take's file does: of one that a plan or a run tells of. */
export const stampOf = (shotId, name) => shot(shotId)?.takes.find(take => take.name === name)?.stamp;
export const label = take => take.name.replace(/^.*_v/, 'v');

export function makeTake(take) {
  return h('figure.take', { tabindex: '0', role: 'option', data: { take: take.name, shot: take.shot } },
    h('img', { alt: '', decoding: 'async' }), h('figcaption', {}, h('b', {}), h('span.stars')), h('i.picked', { 'aria-hidden': 'true' }, icon('check')));
}

export function updateTake(node, take, { isCurrent = false, isHeld = false, isSelected = isCurrent } = {}) {
  const [img, caption] = node.children;
  const url = takeUrl(take, devicePixelRatio > 1 ? 320 : 160); // as large as it is drawn: thousands of them lie side by side
  if (img.getAttribute('src') !== url) img.src = url;
  put(caption.firstChild, { text: label(take) });
  put(caption.lastChild, { text: '★'.repeat(take.stars ?? 0) });
  node.classList.toggle('is-picked', take.isPicked);
  node.classList.toggle('is-rejected', !!take.rejected);
  node.classList.toggle('is-current', isCurrent);
  node.classList.toggle('is-held', isHeld);
  const marks = [take.isPicked && t('take.picked'), take.stars && tn('take.stars', take.stars), take.rejected && t('take.rejected'), isHeld && t('take.held')];
  put(node, { 'aria-selected': String(isSelected), 'aria-label': [`${take.shot} ${label(take)}`, ...marks].filter(Boolean).join(', ') });
}

export const pick = take => take && act('keyframe.pick', { shot: take.shot, file: take.file });
export const rate = (take, stars) => take && act('take.mark', { take: take.name, stars: take.stars === stars ? 0 : stars });
export const reject = take => take && act('take.mark', { take: take.name, rejected: !take.rejected });

/** Own pictures, chosen or dropped, become takes of a shot. */
export async function bring(shotId, files) {
  const how = { project: openProject() }; // the one they were dropped on
  for (const file of files) {
    try { await ask('keyframe.bring', { shot: shotId, upload: await upload(file), pick: files.length === 1 }, how) } catch (error) {
      if (!(error instanceof Refused)) throw error;
      notice(error.message, 'bad');
    }
  }
}

/** Files dropped on a place. */
export function droppable(place, take) {
  const hasFiles = event => [...event.dataTransfer.types].includes('Files');
  place.addEventListener('dragover', event => { if (hasFiles(event)) { event.preventDefault(); place.classList.add('is-over') } });
  place.addEventListener('dragleave', event => { if (!place.contains(event.relatedTarget)) place.classList.remove('is-over') });
  place.addEventListener('drop', event => {
    place.classList.remove('is-over');
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
}

