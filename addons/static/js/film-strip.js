// The strip under the player: every shot as wide as it is long. Its edges and corners are dragged to cut it,
// the shot itself to put it elsewhere, the ruler to look through the film.

import { act, fact, h, keyed, keyframeUrl, put, shot, stale, t, thumbUrl } from './core.js';
import { isActive } from './dock.js';
import { timecode } from './film-player.js';
import { madeOf } from './making.js';
import { dragToOrder } from './storyboard.js';
import { isSelected, select } from './where.js';

const CLOSEST = 14; // pixels a frame, at most
const LABELS = 84; // pixels between two times of the ruler, at least
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600]; // seconds

/** What dragging a handle by some frames makes of an edit. */
const DRAGGED = {
  trim_in: (span, was, by) => Math.max(0, Math.min(was + by, was + span.moving - 1)),
  trim_out: (span, was, by) => Math.max(0, Math.min(was - by, was + span.moving - 1)),
  hold: (span, was, by) => Math.max(0, was + by),
  fade_in: (span, was, by) => Math.max(0, Math.min(was + by, span.frames - span.dissolve_in - span.dissolve_out - span.fade_out)),
  fade_out: (span, was, by) => Math.max(0, Math.min(was - by, span.frames - span.dissolve_in - span.dissolve_out - span.fade_in)),
  dissolve: (span, was, by) => Math.max(0, Math.min(was - by, span.frames - span.dissolve_in)),
};

export function makeStrip(place, player, cut) {
  const ruler = h('div.ruler', { 'aria-hidden': 'true' }), clips = h('div.clips', { role: 'listbox', 'aria-label': t('film.strip') });
  const head = h('i.playhead'), track = h('div.track', {}, ruler, clips, head), tip = h('div.tip', { hidden: true, role: 'status' });
  const zoom = h('input.zoom', { type: 'range', min: '0', max: '1', step: '0.01', value: '0', 'aria-label': t('film.zoom'), title: t('film.zoom') });
  const scroll = h('div.strip', { tabindex: '-1' }, track);
  let film = null, scale = 1, under = ''; // pixels a frame; the shot under the playhead
  place.append(scroll, tip);

  function layout() {
    if (!film?.frames) return;
    const fit = Math.max(0.01, (scroll.clientWidth - 24) / film.frames);
    scale = fit * Math.max(1, CLOSEST / fit) ** Number(zoom.value);
    track.style.width = `${film.frames * scale}px`;
    clips.style.setProperty('--px', `${scale}px`);
    for (const node of clips.children) if (!isDragged(node)) shape(node, node.span);
    mark();
    playhead();
  }

  function shape(node, span) {
    node.style.left = `${span.start * scale}px`;
    node.style.width = `${Math.max(2, span.frames * scale - 1)}px`;
    node.classList.toggle('is-narrow', span.frames * scale < 58);
    node.classList.toggle('is-sliver', span.frames * scale < 26);
  }

  /** The times of the ruler, of as much as is seen. */
  function mark() {
    const step = STEPS.find(s => s * film.fps * scale >= LABELS) ?? STEPS.at(-1), width = step * Math.round(film.fps) * scale;
    const first = Math.max(0, Math.floor(scroll.scrollLeft / width)), last = Math.min(scroll.scrollLeft + scroll.clientWidth, film.frames * scale - 30) / width;
    const wanted = [];
    for (let n = first; n <= last; n++) wanted.push(n * step);
    keyed(ruler, wanted, s => s, s => h('span', {}, s < 60 ? `${s} s` : `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`), (node, s) => { node.style.left = `${s / step * width}px` });
  }

  function playhead() {
    if (!film?.frames) return;
    const x = (player.frame + 0.5) * scale;
    head.style.transform = `translateX(${x}px)`;
    if (player.isPlaying && (x < scroll.scrollLeft || x > scroll.scrollLeft + scroll.clientWidth - 8)) scroll.scrollLeft = x - scroll.clientWidth * 0.1;
    const on = player.span?.shot;
    if (under === on) return;
    for (const [id, is] of [[under, false], [on, true]]) clips.keyedNodes?.get(id)?.classList.toggle('is-on', is);
    under = on;
  }

  function draw(now) {
    film = now;
    keyed(clips, film.spans, span => span.shot, makeClip, (node, span) => isDragged(node) || updateClip(node, span, film));
    layout();
  }

  function drawMade(ids) {
    for (const id of ids) { const node = clips.keyedNodes?.get(id); if (node && !isDragged(node)) updateClip(node, node.span, film) }
  }

  const frameAt = event => Math.floor((event.clientX - track.getBoundingClientRect().left) / scale);
  zoom.addEventListener('input', () => { layout(); scroll.scrollLeft = (player.frame + 0.5) * scale - scroll.clientWidth / 2; mark() });
  scroll.addEventListener('scroll', () => film?.frames && mark(), { passive: true });
  scroll.addEventListener('wheel', event => {
    if (event.ctrlKey) { event.preventDefault(); zoom.value = Number(zoom.value) - event.deltaY / 1000; zoom.dispatchEvent(new Event('input')) } else if (event.deltaY && !event.deltaX) { scroll.scrollLeft += event.deltaY; event.preventDefault() }
  });
  new ResizeObserver(layout).observe(scroll);
  ruler.addEventListener('pointerdown', event => {
    ruler.setPointerCapture(event.pointerId);
    player.seek(frameAt(event));
  });
  ruler.addEventListener('pointermove', event => ruler.hasPointerCapture(event.pointerId) && player.seek(frameAt(event)));
  clips.addEventListener('click', event => {
    const node = event.target.closest('.clip');
    if (!node || node.isDragged) return node && (node.isDragged = false);
    select(node.dataset.shot, { range: event.shiftKey, toggle: event.ctrlKey || event.metaKey });
    if (event.detail) player.seek(frameAt(event));
    else player.seek(node.span.start);
  });
  clips.addEventListener('keydown', event => { if (event.key === 'Enter' && event.target.matches('.clip')) { event.stopPropagation(); event.target.click() } });
  listen(clips, () => ({ film, scale, scroll, draw }), player, cut, tip);
  dragToOrder(clips, '.clip', (ids, before) => act('shot.move', { shots: ids, before }));
  return { draw, drawMade, playhead, layout, zoom, markSelected: () => { for (const node of clips.children) markSelected(node) } };
}

const HANDLES = ['trim_in', 'trim_out', 'hold', 'fade_in', 'fade_out', 'dissolve'];

function makeClip(span) {
  return h('div.clip', { tabindex: '0', role: 'option', draggable: 'true', data: { shot: span.shot } },
    h('div.thumbs'), h('i.mix'), h('i.fade.in'), h('i.fade.out'), h('i.held'), h('b.id', {}, span.shot), h('span.time'), h('span.marks'));
}

/** Only what is pointed at or selected has handles: hundreds of shots would have thousands. */
function grip(node) {
  if (node.children.length < 9) node.append(...HANDLES.map(edit => h('i.grip', { title: t(`cut.${edit}`), data: { edit } })));
}

/** It is as wide as the hand makes it, until it is let go. */
const isDragged = node => node.classList.contains('is-cut');

function updateClip(node, span, film) {
  const [thumbs, mix, fadeIn, fadeOut, held, , time, marks] = node.children, s = shot(span.shot), run = madeOf(span.shot).some(isActive);
  node.span = span;
  const picture = s?.key ? keyframeUrl(s, 160) : s?.vid ? thumbUrl(`videos/${s.id}.mp4`, s.vid, 160) : '';
  if (thumbs.dataset.url !== picture) { thumbs.dataset.url = picture; thumbs.style.backgroundImage = picture ? `url("${picture}")` : '' }
  const width = frames => `calc(var(--px) * ${frames})`;
  mix.style.width = width(span.dissolve_in);
  fadeIn.style.width = width(span.fade_in);
  fadeOut.style.width = width(span.fade_out);
  held.style.width = width(span.frames - span.moving);
  node.style.setProperty('--in', span.dissolve_in);
  node.style.setProperty('--out', span.dissolve_out);
  put(time, { text: seconds(span.frames, film.fps) });
  const state = [run ? 'rendering' : '', span.kind === 'missing' ? 'missing' : span.kind === 'still' ? 'still' : '', span.problem ? 'problem' : '', stale(span.shot).video === 'stale' || stale(span.shot).keyframe === 'stale' ? 'stale' : ''].filter(Boolean);
  if (marks.dataset.is !== state.join()) { marks.dataset.is = state.join(); marks.replaceChildren(...state.map(name => h(`i.mark.${name}`, { title: span.problem || t(`mark.${name}`) }, t(`mark.${name}`)))) }
  node.classList.toggle('is-missing', span.kind === 'missing');
  node.classList.toggle('is-still', span.kind === 'still');
  put(node, { 'aria-label': `${span.shot} ${s?.label ?? ''}, ${seconds(span.frames, film.fps)}${state.map(name => `, ${t(`mark.${name}`)}`).join('')}`, title: `${span.shot} ${s?.label ?? ''}`.trim() });
  markSelected(node);
}

const seconds = (frames, fps) => `${(frames / fps).toFixed(frames / fps < 10 ? 2 : 1)} s`;

function markSelected(node) {
  const is = isSelected(node.dataset.shot);
  node.classList.toggle('is-selected', is);
  if (is) grip(node);
  put(node, { 'aria-selected': String(is) });
}

/** Handles: the picture at the edge is shown while it is dragged, and the studio is asked once it is let go. */
function listen(clips, now, player, cut, tip) {
  let drag = null;
  clips.addEventListener('pointerover', event => { const node = event.target.closest('.clip'); if (node) grip(node) });
  clips.addEventListener('pointerdown', event => {
    const edit = event.target.dataset?.edit, node = event.target.closest('.clip');
    if (!edit || event.button) return;
    event.preventDefault();
    node.draggable = false;
    event.target.setPointerCapture(event.pointerId);
    const { film } = now();
    drag = { edit, node, span: node.span, was: film.cut[node.dataset.shot]?.[edit] ?? 0, x: event.clientX, grip: event.target };
    drag.value = drag.was;
    node.classList.add('is-cut');
    select(node.dataset.shot);
  });
  clips.addEventListener('pointermove', event => {
    if (!drag) return;
    const { film, scale, scroll } = now(), { edit, node, span, was } = drag;
    const value = DRAGGED[edit](span, was, Math.round((event.clientX - drag.x) / scale));
    if (value === drag.value) return;
    drag.value = value;
    stretch(node, span, edit, value - was, scale);
    const at = film.spans.indexOf(span);
    if (edit === 'trim_in') player.peek(at, value);
    if (edit === 'trim_out') player.peek(at, span.length - 1 - value);
    tip.hidden = false;
    tip.textContent = `${t(`cut.${edit}`)} ${value} · ${timecode(value, film.fps)}`;
    const box = scroll.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(event.clientX - box.left - 40, box.width - 150))}px`;
  });
  const end = async () => {
    if (!drag) return;
    const { edit, node, value, was, span } = drag, { film, scale, draw } = now();
    drag = null;
    tip.hidden = true;
    node.draggable = true;
    node.isDragged = true;
    setTimeout(() => { node.isDragged = false });
    node.classList.remove('is-cut');
    if (value === was) return draw(film);
    await cut(node.dataset.shot, { [edit]: value });
    if (fact('film') === film) stretch(node, span, edit, 0, scale); // it was refused
    player.seek(node.span.start + (edit === 'trim_out' ? node.span.moving - 1 : 0));
  };
  clips.addEventListener('pointerup', end);
  clips.addEventListener('pointercancel', end);
}

function stretch(node, span, edit, by, scale) {
  const frames = span.frames + (edit === 'hold' ? by : edit.startsWith('trim') ? -by : 0);
  node.style.left = `${(span.start + (edit === 'trim_in' ? by : 0)) * scale}px`;
  node.style.width = `${Math.max(2, frames * scale - 1)}px`;
  const fade = { fade_in: '.fade.in', fade_out: '.fade.out', hold: '.held' }[edit];
  const long = { fade_in: span.fade_in, fade_out: span.fade_out, hold: span.frames - span.moving }[edit] + by;
  if (fade) node.querySelector(fade).style.width = `calc(var(--px) * ${long})`;
}
