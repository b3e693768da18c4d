// Two takes of a segment side by side, in step and without sound.

import { button, h, icon, mediaUrl, put, t } from './core.js';
import { dialog } from './dialogs.js';
import { timecode } from './player.js';
import { label, stampOf } from './takes.js';

/** `use(take)` makes one the segment's; `closed` is called when nobody looks any more. */
export function compareClips(left, right, { fps, shot }, use, closed) {
  const frames = Math.min(left.frames, right.frames) || 1;
  const video = take => h('video', { src: mediaUrl(`takes/${take.file}`, stampOf(shot, take.name)), muted: true, loop: true, playsInline: true, preload: 'auto', 'aria-label': label(take) });
  const [one, other] = [video(left), video(right)];
  const bar = h('input', { type: 'range', min: '0', max: String(frames - 1), value: '0', 'aria-label': t('player.scrub') });
  const counter = h('output.counter'), play = button('', () => one.paused ? start() : stop(), { mark: 'play', title: t('player.play') });
  let at = 0;
  const draw = () => { put(counter, { text: `${at + 1} / ${frames} · ${timecode(at / fps)}` }); bar.value = String(at) };
  const seek = frame => { at = Math.max(0, Math.min(frames - 1, frame)); one.currentTime = other.currentTime = (at + 0.5) / fps; draw() };
  const start = () => { other.currentTime = one.currentTime; Promise.all([one.play(), other.play()]).catch(() => {}) };
  const stop = () => { one.pause(); other.pause(); seek(at) };
  const step = by => { one.pause(); other.pause(); seek(at + by) };
  one.addEventListener('timeupdate', () => {
    if (one.paused) return;
    at = Math.min(frames - 1, Math.floor(one.currentTime * fps));
    if (Math.abs(one.currentTime - other.currentTime) > 1.5 / fps) other.currentTime = one.currentTime;
    draw();
  });
  for (const what of ['play', 'pause']) one.addEventListener(what, () => { play.replaceChildren(icon(one.paused ? 'play' : 'pause')); put(play, { 'aria-label': t(one.paused ? 'player.play' : 'player.pause') }) });
  bar.addEventListener('input', () => { one.pause(); other.pause(); seek(Number(bar.value)) });
  const half = (take, clip) => h('figure', {}, clip, h('figcaption', {}, h('b', {}, label(take)), h('small', {}, take.seed == null ? '' : t('video.seed', { seed: take.seed })), h('div.grow'),
    button(take.is_used ? t('video.used') : t('video.use'), () => { use(take); box.close() }, { mark: 'check', disabled: take.is_used || !take.fits })));
  const { box } = dialog(t('video.compare.title', { left: label(left), right: label(right) }), h('div.twoclips', {}, half(left, one), half(right, other)),
    h('div.controls', {}, button('', () => step(-1), { mark: 'left', kind: 'ghost', title: t('player.back') }), play, button('', () => step(1), { mark: 'right', kind: 'ghost', title: t('player.on') }), bar, counter));
  box.classList.add('wide');
  box.addEventListener('close', () => { for (const clip of [one, other]) { clip.pause(); clip.removeAttribute('src'); clip.load() } closed() });
  box.addEventListener('keydown', event => {
    const run = { ' ': () => play.click(), ',': () => step(-1), '.': () => step(1), ArrowLeft: () => step(-1), ArrowRight: () => step(1) }[event.key];
    if (run && !event.target.closest('button, input')) { event.preventDefault(); run() }
  });
  draw();
  play.focus();
  one.addEventListener('canplay', start, { once: true });
}
