// Plays a film as it is cut, without rendering it. Two layers take turns: each shows one shot, as a video, a
// picture that stands, or a card for what is missing; fades and dissolves are their opacities. A clock of
// our own says which frame it is; videos are held to it, and it waits for a picture that is not there yet.

import { h, mediaUrl, put, t } from './core.js';

const AHEAD = 150; // ms of rest before a film that stands fetches what comes next
const NEAR = 0.2, FAR = 1, LOST = 12; // frames a video may be off before it is hurried, the clock goes by it, it is sent there

/** Which span a frame is in; in a dissolve, the one that comes. */
export function indexAt(spans, frame) {
  let from = 0, to = spans.length - 1;
  while (from < to) {
    const middle = (from + to + 1) >> 1;
    spans[middle].start <= frame ? from = middle : to = middle - 1;
  }
  return from;
}

/** A frame as minutes, seconds and frames. */
export function timecode(frame, fps) {
  const base = Math.max(1, Math.round(fps)), two = n => String(n).padStart(2, '0'), second = Math.floor(frame / base);
  return `${two(Math.floor(second / 60))}:${two(second % 60)}.${two(frame % base)}`;
}

const keyOf = span => `${span.kind} ${span.shot} ${span.stamp}`;
const ownFrame = (span, frame) => span.first + Math.min(Math.max(frame - span.start, 0), span.moving - 1);

class Layer {
  constructor() {
    this.video = h('video', { muted: true, playsInline: true, preload: 'auto', tabindex: '-1', disablepictureinpicture: true });
    this.img = h('img', { alt: '' });
    this.card = h('div.gap', {}, h('b'), h('span'));
    this.black = h('i.black');
    this.node = h('div.layer', {}, this.video, this.img, this.card, this.black);
    this.index = -1;
    this.key = '';
    this.wanted = null; // seconds to go to once the video can
    for (const event of ['loadedmetadata', 'seeked']) this.video.addEventListener(event, () => this.go());
    this.video.addEventListener('error', () => this.video.getAttribute('src') && this.say('film.unplayable'));
  }

  /** Hold the span `index`; what is loaded already stays. */
  hold(index, span) {
    this.index = index;
    this.span = span;
    if (this.key === keyOf(span)) return false;
    this.key = keyOf(span);
    this.isBroken = false;
    this.wanted = null;
    this.drop();
    put(this.node, { 'data-kind': span.kind });
    if (span.kind === 'video') this.video.src = mediaUrl(span.file, span.stamp);
    else if (span.kind === 'still') this.img.src = mediaUrl(span.file, span.stamp);
    else this.say('film.noPicture');
    return true;
  }

  say(sentence) {
    this.isBroken = true;
    put(this.node, { 'data-kind': 'missing' });
    this.card.firstChild.textContent = this.span.shot;
    this.card.lastChild.textContent = t(sentence);
  }

  drop() {
    if (this.video.hasAttribute('src')) { this.video.pause(); this.video.removeAttribute('src'); this.video.load() }
    this.img.removeAttribute('src');
  }

  free() { this.drop(); this.index = -1; this.key = '' }

  get isVideo() { return this.span?.kind === 'video' && !this.isBroken }

  /** Nothing is still to come of what it should show. */
  get isReady() { return this.isVideo ? this.video.readyState > 1 && !this.video.seeking && this.wanted == null : this.span?.kind !== 'still' || this.img.complete }

  /** Show one of the shot's own frames: to its middle, since its very beginning may still show the one before. */
  seek(frame, fps) {
    if (!this.isVideo) return;
    if (!this.video.paused) this.video.pause();
    if (this.isReady && Math.floor(this.video.currentTime * fps + 1e-4) === frame) return;
    this.wanted = (frame + 0.5) / fps;
    this.go();
  }

  go() {
    if (this.wanted == null || this.video.readyState < 1 || this.video.seeking) return;
    const time = this.wanted;
    this.wanted = null;
    if (Math.abs(this.video.currentTime - time) > 1e-4) this.video.currentTime = time;
  }

  look(opacity, black, top) {
    const { style } = this.node;
    style.visibility = opacity > 0 ? 'visible' : 'hidden';
    style.opacity = opacity;
    style.zIndex = top ? 2 : 1;
    this.black.style.opacity = black;
  }
}

export class Player {
  constructor(place, told = () => {}) {
    this.layers = [new Layer(), new Layer()];
    this.box = h('div.screen', {}, this.layers.map(layer => layer.node));
    place.append(this.box);
    this.told = told;
    this.line = { fps: 24, frames: 0, spans: [] };
    this.position = 0;
    this.isPlaying = this.isLooping = false;
    this.drift = 0; // most frames a video was off since it was last asked
    this.whenHidden = () => document.hidden && this.pause();
    document.addEventListener('visibilitychange', this.whenHidden);
  }

  get frame() { return Math.max(0, Math.min(Math.floor(this.position + 1e-6), this.line.frames - 1)) }
  get span() { return this.line.spans[indexAt(this.line.spans, this.frame)] }

  /** Play this from now on; what stays the same is not loaded again. */
  set(line) {
    this.line = line;
    const places = new Map(line.spans.map((span, n) => [keyOf(span), n]));
    for (const layer of this.layers) {
      layer.index = places.get(layer.key) ?? -1;
      if (layer.index >= 0) layer.span = line.spans[layer.index];
    }
    if (!line.frames) return this.release();
    this.position = Math.min(this.position, line.frames - 1);
    this.place();
  }

  /** Let go of all videos: somebody else plays now. */
  release() {
    this.pause();
    clearTimeout(this.later);
    for (const layer of this.layers) { layer.free(); layer.look(0, 0, false) }
  }

  /** Nobody looks any more. */
  free() {
    this.release();
    document.removeEventListener('visibilitychange', this.whenHidden);
  }

  play() {
    if (this.isPlaying || !this.line.frames) return;
    if (this.frame >= this.line.frames - 1) this.position = 0;
    this.isPlaying = true;
    this.isMoved = false;
    this.position = this.frame + 0.5;
    this.last = performance.now();
    this.place();
    requestAnimationFrame(now => this.tick(now));
    this.told();
  }

  pause() {
    if (!this.isPlaying) return;
    this.isPlaying = false;
    this.position = this.frame;
    this.place();
  }

  toggle() { this.isPlaying ? this.pause() : this.play() }

  seek(frame) {
    this.position = Math.max(0, Math.min(Math.round(frame), this.line.frames - 1));
    this.isMoved = true;
    this.place();
  }

  step(by) { this.pause(); this.seek(this.frame + by) }

  /** To the beginning of the next shot, or of this one, or of the one before. */
  jump(by) {
    const { spans } = this.line, at = indexAt(spans, this.frame);
    const to = by < 0 && this.frame > spans[at]?.start ? at : at + by;
    if (to >= 0 && to < spans.length) this.seek(spans[to].start);
    else this.seek(by < 0 ? 0 : this.line.frames - 1);
  }

  /** One of a shot's own frames, whether or not it is in the film. */
  peek(index, frame) {
    this.pause();
    if (!this.line.spans[index]) return;
    const layer = this.take(index, [index]);
    for (const other of this.layers) other.look(other === layer ? 1 : 0, 0, other === layer);
    layer.seek(frame, this.line.fps);
  }

  tick(now) {
    if (!this.isPlaying) return;
    if (this.box.offsetParent === null) return this.pause();
    requestAnimationFrame(later => this.tick(later));
    const passed = (now - this.last) / 1000 * this.line.fps;
    this.last = now;
    if (!this.shown.every(layer => layer.isReady)) return;
    if (this.isMoved) this.isMoved = false;
    else this.position += Math.max(0, Math.min(passed, this.line.fps));
    for (const layer of this.shown) this.correct(layer, layer === this.shown.at(-1));
    if (this.position >= this.line.frames) {
      if (!this.isLooping) { this.isPlaying = false; this.position = this.line.frames - 1 } else this.position %= this.line.frames;
    }
    this.place();
  }

  /** Hold a video to the clock, or the clock to a video that could not keep up. */
  correct({ isVideo, span, video }, leads) {
    const due = this.position - span.start;
    if (!isVideo || video.ended || due >= span.moving) return;
    const off = video.currentTime * this.line.fps - span.first - due;
    if (Math.abs(off) > LOST) video.currentTime = (span.first + due) / this.line.fps;
    else if (Math.abs(off) > FAR && leads) this.position = Math.max(span.start, this.position + off);
    else this.drift = Math.max(this.drift, Math.abs(off));
    video.playbackRate = Math.abs(off) < NEAR ? 1 : Math.max(0.5, Math.min(1.5, 1 - off / 4));
  }

  /** Put the layers as the clock says. */
  place() {
    const { spans } = this.line, { frame } = this;
    if (!spans.length) return;
    const at = indexAt(spans, frame), before = spans[at - 1];
    if (!spans[at]) return; // the film has just changed under the hand
    const indexes = before && before.start + before.frames > frame ? [at - 1, at] : [at];
    this.shown = indexes.map(n => this.take(n, indexes));
    for (const layer of this.layers) if (!this.shown.includes(layer)) { layer.look(0, 0, false); if (!layer.video.paused) layer.video.pause() }
    this.shown.forEach((layer, n) => this.draw(layer, frame, n > 0 || indexes.length < 2));
    if (indexes.length < 2) {
      clearTimeout(this.later);
      if (this.isPlaying) this.prepare(at);
      else this.later = setTimeout(() => this.prepare(at), AHEAD);
    }
    this.told();
  }

  draw(layer, frame, isTop) {
    const { span, video } = layer, n = frame - span.start, left = span.frames - n;
    const mix = isTop && n < span.dissolve_in ? (n + 1) / (span.dissolve_in + 1) : 1;
    const black = n < span.fade_in ? 1 - n / span.fade_in : left <= span.fade_out ? 1 - (left - 1) / span.fade_out : 0;
    layer.look(mix, black, isTop);
    if (!layer.isVideo) return;
    const isMoving = this.isPlaying && n < span.moving && !this.isMoved;
    if (!isMoving) layer.seek(ownFrame(span, frame), this.line.fps);
    else if (video.paused && layer.isReady) {
      const off = video.currentTime * this.line.fps - span.first - (this.position - span.start);
      if (Math.abs(off) > 1.5) layer.seek(ownFrame(span, frame), this.line.fps);
      else if (!video.ended) { video.playbackRate = 1; video.play().catch(() => {}) }
    }
  }

  /** The shot after this one, at its first frame, out of sight. */
  prepare(at) {
    const { spans } = this.line, next = at + 1 < spans.length ? at + 1 : this.isLooping ? 0 : -1;
    if (next < 0 || next === at || !this.box.isConnected) return;
    const layer = this.take(next, [at]);
    if (!this.shown.includes(layer)) layer.seek(spans[next].first, this.line.fps);
  }

  /** A layer that holds this span, other than those that hold what is to be kept. */
  take(index, kept) {
    const layer = this.layers.find(one => one.index === index) ?? this.layers.find(one => !kept.includes(one.index)) ?? this.layers[0];
    layer.hold(index, this.line.spans[index]);
    return layer;
  }

  /** What is on the screen: for those who check. */
  seen() {
    return this.shown.map(({ span, video, isVideo, node }) => ({
      shot: span.shot, kind: span.kind, opacity: Number(node.style.opacity), frame: isVideo ? Math.floor(video.currentTime * this.line.fps + 1e-4) : null, due: ownFrame(span, this.frame),
    }));
  }
}
