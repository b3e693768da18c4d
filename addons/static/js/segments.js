// The segments of a shot's video: the takes of each, which one is used, and making it anew from one on.

import { act, button, h, icon, keyed, notice, put, t, thumbUrl } from './core.js';
import { onProject } from './otherproject.js';
import { label, stampOf } from './takes.js';

/** `look(take, segment)` shows a take, `compare(left, right)` two of them. */
export function makeSegments(place, { look, compare }) {
  let plan = null, current = '';
  const held = new Set();
  onProject(() => held.clear());

  function draw(next, looked) {
    plan = next;
    current = looked;
    const known = new Set(plan?.segments.flatMap(s => s.takes.map(take => take.name)));
    for (const name of held) if (!known.has(name)) held.delete(name);
    place.hidden = !plan?.segments.some(s => s.takes.length);
    keyed(place, place.hidden ? [] : plan.segments, s => s.number, makeSegment, updateSegment);
  }

  function makeSegment(segment) {
    const again = button('', () => makeAgain(plan, segment.number), { mark: 'again', kind: 'ghost', title: t('video.again', { n: segment.number }) });
    return h('section.segment', { 'aria-label': t('video.segment', { n: segment.number }) }, h('header', {}, h('b', {}, t('video.segment', { n: segment.number })), h('small'), h('div.grow'), again), h('div.clips', { role: 'listbox', 'aria-label': t('video.takesOf', { n: segment.number }) }));
  }

  function updateSegment(node, segment) {
    const [head, clips] = node.children;
    put(head.children[1], { text: t(`video.state.${segment.state}`) });
    head.children[1].className = segment.state;
    head.lastChild.disabled = !plan.takes_seed || !!plan.lacks.length;
    keyed(clips, segment.takes.filter(take => take.state !== 'cancelled'), take => take.name, take => makeClip(take, segment), updateClip);
  }

  function makeClip(take, segment) {
    const img = h('img', { alt: '', loading: 'lazy', decoding: 'async', onerror: () => img.hidden = true });
    return h('figure.take.clip', { tabindex: '0', role: 'option', data: { take: take.name },
      onfocus: () => show(take.name, segment.number), onclick: event => (event.ctrlKey || event.metaKey) && hold(take.name),
      ondblclick: () => use(take.name), onkeydown: event => { if (event.key === 'Enter') { event.stopPropagation(); use(take.name) } } },
      img, h('figcaption', {}, h('b', {}, label(take)), h('span')), h('i.picked', { 'aria-hidden': 'true' }, icon('check')));
  }

  function updateClip(node, take) {
    const url = take.file ? thumbUrl(`takes/${take.file}`, stampOf(plan.shot, take.name), 240) : null;
    if (url && node.firstChild.getAttribute('src') !== url) { node.firstChild.hidden = false; node.firstChild.src = url }
    put(node.children[1].lastChild, { text: take.state === 'failed' ? t('state.failed') : take.fits || take.is_used ? '' : t('video.unfit') });
    node.classList.toggle('is-picked', take.is_used);
    node.classList.toggle('is-current', take.name === current);
    node.classList.toggle('is-held', held.has(take.name));
    node.classList.toggle('is-rejected', !take.fits && !take.is_used);
    const about = [take.seed != null && t('video.seed', { seed: take.seed }), !take.fits && take.state === 'done' && t('video.unfit.why'), take.prompt].filter(Boolean).join('\n');
    put(node, { title: about, 'aria-selected': String(take.name === current), 'aria-label': `${take.name}${take.is_used ? `, ${t('video.used')}` : ''}` });
  }

  const all = () => plan?.segments.flatMap(segment => segment.takes.map(take => ({ ...take, segment: segment.number }))) ?? [];
  const find = name => all().find(take => take.name === name);
  const show = (name, number) => { const take = find(name); if (take?.file) look(take, number) };
  const hold = name => { held.has(name) ? held.delete(name) : held.add(name); draw(plan, current) };

  async function use(name) {
    const take = find(name);
    if (!take || take.is_used) return;
    const isReady = await act('video.choose', { shot: plan.shot, segment: take.segment, take: name });
    if (isReady === false) notice(t('video.used.runs'));
  }

  /** The two held, else the one looked at and the one that is used. */
  function compareTwo(segment) {
    const there = all().filter(take => take.file), two = there.filter(take => held.has(take.name)).slice(0, 2);
    if (two.length < 2) {
      const mine = find(current), same = there.filter(take => take.segment === (mine?.segment ?? segment));
      const one = same.find(take => take.is_used && take !== mine) ?? same[0], other = mine && mine.name !== one?.name ? mine : same.findLast(take => take.name !== one?.name);
      if (one && other) two.splice(0, 2, one, other);
    }
    two.length === 2 ? compare(two[0], two[1], use) : notice(t('video.compare.none'));
  }

  return { draw, use: () => use(current), compare: compareTwo };
}

/** The segments from this one on, with new seeds; told what that means before it is done only by its place. */
export async function makeAgain(plan, number) {
  const left = plan.segments.length - number + 1;
  if (await act('video.again', { shot: plan.shot, segment: number })) notice(t(left === 1 ? 'video.again.one' : 'video.again.told', { shot: plan.shot, n: number, last: plan.segments.length }));
}
