// A player that knows its frames: steps exactly, marks where segments join, plays slowly, backwards and in a loop.

import { button, h, icon, put, t } from './core.js';

const SPEEDS = [0.5, 1, 2];
const FASTEST = 4;

/** What is shown: {url, poster, frames, rate: [n, d], joins: [frame], label}. */
export function makePlayer(place) {
  const video = h('video', { muted: true, playsInline: true, preload: 'metadata', 'aria-label': t('player.picture'), onclick: () => toggle() });
  const bar = h('div.scrub', { role: 'slider', tabindex: '0', 'aria-label': t('player.scrub'), 'aria-valuemin': '1' }, h('i'), h('b'));
  const joins = h('div.joins'), counter = h('output.counter', { 'aria-live': 'off' });
  const play = button('', () => toggle(), { mark: 'play', title: t('player.play'), key: t('keys.space') });
  const loop = button('', () => setLoop(!video.loop), { mark: 'loop', title: t('player.loop'), key: 'L' });
  const speeds = SPEEDS.map(s => button(s === 0.5 ? '½×' : `${s}×`, () => setSpeed(s), { title: t('player.speed', { speed: s === 0.5 ? '½' : s }) }));
  const controls = h('div.controls', { onmousedown: event => event.target.closest('button') && event.preventDefault() },
    button('', () => seek(0), { mark: 'first', kind: 'ghost', title: t('player.first'), key: 'Home' }),
    button('', () => step(-1), { mark: 'left', kind: 'ghost', title: t('player.back'), key: '←' }), play,
    button('', () => step(1), { mark: 'right', kind: 'ghost', title: t('player.on'), key: '→' }),
    button('', () => seek(frames() - 1), { mark: 'last', kind: 'ghost', title: t('player.last'), key: 'End' }),
    counter, h('div.grow'), h('div.speeds', { role: 'group', 'aria-label': t('player.speeds') }, speeds), loop);
  const transport = h('div.transport', { inert: true }, h('div.track', {}, bar, joins), controls);
  place.append(h('div.screen', {}, video), transport);

  let shown = null, at = 0, wanted = null, backwards = null, speed = 1, fast = 1, away = null;
  const told = new Set();
  const frames = () => shown?.frames ?? 0;
  const rate = () => shown ? shown.rate[0] / shown.rate[1] : 24;
  const middle = frame => (frame + 0.5) / rate(); // of a frame's time: no rounding leads to its neighbour

  /** Show something else, or a newer version of the same, which stays where it was. */
  function show(next) {
    if (shown?.url === next?.url && shown?.poster === next?.poster) {
      const hasOthers = String(shown?.joins) !== String(next?.joins) || shown?.frames !== next?.frames;
      shown = next;
      if (hasOthers) drawJoins();
      return draw();
    }
    const keeps = shown && next && shown.about === next.about && (at > 0 || !video.paused), was = at;
    pause();
    shown = next;
    wanted = null;
    at = keeps ? Math.min(was, frames() - 1) : 0;
    put(video, { poster: next?.poster ?? null });
    if (!next?.url) { video.removeAttribute('src'); video.load() }
    else if (!away) video.src = next.url;
    place.classList.toggle('has-clip', !!next?.url);
    transport.inert = !next?.url;
    drawJoins();
    draw();
  }

  function seek(frame) {
    if (!shown?.url) return;
    at = Math.max(0, Math.min(frames() - 1, Math.round(frame)));
    wanted = at;
    aim();
    draw();
  }

  /** One seek at a time: a browser that is asked for the next one meanwhile may never come to an end. */
  function aim() {
    if (wanted === null || !video.readyState || video.seeking) return;
    const time = middle(wanted);
    wanted = null;
    if (Math.abs(video.currentTime - time) > 0.001) video.currentTime = time;
  }

  function step(by) { pause(); seek(at + by) }
  function toggle() { if (video.paused && !backwards) run(1); else pause() }
  function pause() { clearInterval(backwards); backwards = null; fast = 1; video.pause(); draw() }

  function run(times) {
    if (!shown?.url) return;
    clearInterval(backwards);
    backwards = null;
    fast = times;
    if (at >= frames() - 1) seek(0);
    video.playbackRate = speed * fast;
    video.play().catch(() => {}); // another clip came before this one could play
    draw();
  }

  /** Forwards or backwards; once more for twice as fast. */
  function shuttle(direction) {
    if (direction > 0) return run(!video.paused ? Math.min(FASTEST, fast * 2) : 1);
    const times = backwards ? Math.min(FASTEST, fast * 2) : 1;
    pause();
    if (!shown?.url) return;
    fast = times;
    backwards = setInterval(() => { if (at <= 0) pause(); else if (!video.seeking) seek(at - 1) }, 1000 / (rate() * speed * fast));
    draw();
  }

  function setLoop(is) { video.loop = is; loop.classList.toggle('is-on', is); put(loop, { 'aria-pressed': String(is) }) }
  function setSpeed(s) { speed = s; video.playbackRate = speed * fast; draw() }
  const marks = () => [0, ...(shown?.joins ?? []), frames() - 1];
  /** The next or previous place where a segment begins. */
  function join(by) { pause(); seek((by > 0 ? marks().find(m => m > at) : marks().findLast(m => m < at)) ?? at) }
  /** The segment under the playhead, from 1. */
  const segment = () => 1 + (shown?.joins ?? []).filter(m => m <= at).length;

  function heard(frame) { if (frame !== at) { at = Math.max(0, Math.min(frames() - 1, frame)); draw() } }
  if ('requestVideoFrameCallback' in video) {
    const each = (now, about) => { if (!video.seeking && !video.paused) heard(Math.floor(about.mediaTime * rate() + 0.01)); video.requestVideoFrameCallback(each) };
    video.requestVideoFrameCallback(each);
  }
  video.addEventListener('timeupdate', () => !video.paused && !video.seeking && heard(Math.floor(video.currentTime * rate() + 0.01)));
  video.addEventListener('loadedmetadata', () => { if (at) { wanted = at; aim() } });
  video.addEventListener('seeked', aim);
  video.addEventListener('ended', () => { at = frames() - 1; draw() });
  video.addEventListener('play', () => draw());
  video.addEventListener('pause', () => draw());
  setLoop(localStorage.getItem('studio.loop') === '1');
  loop.addEventListener('click', () => localStorage.setItem('studio.loop', video.loop ? '1' : ''));

  function drawJoins() {
    const ends = [...(shown?.joins ?? []), frames()], starts = [0, ...(shown?.joins ?? [])];
    joins.replaceChildren(...(starts.length < 2 ? [] : starts.map((start, n) => h('button.join', {
      type: 'button', onclick: () => { pause(); seek(start) }, title: t('player.join', { n: n + 1 }), 'aria-label': t('player.join', { n: n + 1 }),
      style: `left:${100 * start / frames()}%;width:${100 * (ends[n] - start) / frames()}%`,
    }, h('span', {}, String(n + 1))))));
  }

  function draw() {
    const isPlaying = !video.paused || !!backwards;
    if (play.dataset.is !== String(isPlaying)) { play.dataset.is = isPlaying; play.replaceChildren(icon(isPlaying ? 'pause' : 'play')); put(play, { 'aria-label': t(isPlaying ? 'player.pause' : 'player.play') }) }
    const text = shown?.url ? `${at + 1} / ${frames()} · ${timecode(at / rate())}` : '';
    put(counter, { text });
    put(bar, { 'aria-valuemax': frames(), 'aria-valuenow': at + 1, 'aria-valuetext': text, 'aria-disabled': shown?.url ? null : 'true' });
    place.style.setProperty('--at', frames() > 1 ? at / (frames() - 1) : 0);
    speeds.forEach((b, n) => { b.classList.toggle('is-on', SPEEDS[n] === speed); put(b, { 'aria-pressed': String(SPEEDS[n] === speed) }) });
    for (const listener of told) listener();
  }

  const drag = event => {
    const box = bar.getBoundingClientRect();
    seek((event.clientX - box.left) / box.width * (frames() - 1));
  };
  bar.addEventListener('pointerdown', event => { if (shown?.url) { pause(); bar.setPointerCapture(event.pointerId); drag(event) } });
  bar.addEventListener('pointermove', event => bar.hasPointerCapture(event.pointerId) && drag(event));
  bar.addEventListener('keydown', event => {
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 10, ArrowDown: -10, PageUp: 10, PageDown: -10 }[event.key];
    if (by) { event.preventDefault(); step(by) }
  });

  return {
    video, show, seek, step, toggle, pause, shuttle, join, segment,
    loop: () => loop.click(),
    speed: by => setSpeed(SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(speed) + by))]),
    frame: () => at, frames, watch: listener => told.add(listener),
    /** Give the clip back while others are looked at: a browser keeps few decoders. */
    lend() { pause(); away = true; video.removeAttribute('src'); video.load() },
    take() { away = null; if (shown?.url) video.src = shown.url },
  };
}

const two = n => String(n).padStart(2, '0');
export const timecode = s => { const hundredths = Math.round(s * 100); return `${two(Math.floor(hundredths / 6000))}:${two(Math.floor(hundredths / 100) % 60)}.${two(hundredths % 100)}` };
