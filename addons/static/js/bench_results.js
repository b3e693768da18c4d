// What the bench made: the picture as it forms, then the pictures, the clip and its last frame.

import { fact, h, show, t } from './core.js';
import { dialog } from './dialogs.js';

const url = file => `studio/bench/${file.split('/').map(encodeURIComponent).join('/')}`;

export function drawResults(place, bench) {
  const isOn = ['running', 'cancelling'].includes(bench.state), now = fact('bench/now') ?? {};
  const is = isOn ? `live ${bench.id}` : JSON.stringify([bench.id, bench.pictures, bench.clip, bench.last_frame]);
  if (place.dataset.is !== is) {
    place.dataset.is = is;
    place.replaceChildren(...(isOn ? forming() : made(bench)));
  }
  if (isOn && now.preview) show(place.querySelector('img'), `studio/bench/preview?v=${bench.id}-${now.preview}`);
}

const forming = () => [h('h3', {}, t('bench.forming')), h('figure', {}, h('img', { alt: t('bench.forming'), hidden: true }), h('small', {}, t('bench.noPreview')))];

function made(bench) {
  const pictures = bench.pictures ?? [];
  return [
    pictures.length > 0 && h('h3', {}, t('bench.pictures')),
    pictures.length > 0 && h('div.pictures', { 'data-many': pictures.length > 1 }, pictures.map((file, n) => picture(file, t('bench.picture', { n: n + 1, seed: bench.seed + n })))),
    bench.clip && h('h3', {}, t('bench.clip')),
    bench.clip && h('video', { src: url(bench.clip), controls: true, loop: true, muted: true, playsInline: true, preload: 'metadata', 'aria-label': t('bench.clip') }),
    bench.last_frame && h('h3', {}, t('bench.lastFrame')),
    bench.last_frame && picture(bench.last_frame, t('bench.lastFrame'), true),
  ].filter(Boolean);
}

function picture(file, name, isLarge = false) {
  const image = () => h('img', { src: url(file), alt: name });
  return h(`button.picture${isLarge ? '.large' : ''}`, { type: 'button', title: name, onclick: () => dialog(name, h('div.whole', {}, image())).box.classList.add('wide') }, image());
}
