// The film: played at once as it is cut, cut on the strip, rendered, and its versions kept.

import { act, ask, button, fact, follow, h, notice, put, ratio, runs, t, tn } from './core.js';
import { noShots } from './blank.js';
import { isActive } from './dock.js';
import { change, keysOf, makeFields } from './film-cut.js';
import { Player, timecode } from './film-player.js';
import { makeRender } from './film-render.js';
import { makeStrip } from './film-strip.js';
import { labelOf, lineOf, makeVersions } from './film-versions.js';
import { offer } from './keys.js';
import { onlyMade } from './making.js';
import { onProject } from './otherproject.js';
import { undoButtons } from './undoing.js';
import { go, select, watch } from './where.js';

let version = null; // number of the version that is played instead of the film as it is cut
let isLent = false; // other players are at work
onProject(() => { version = null });
const asked = new Set(); // videos that small ones were asked of

export function mount(place) {
  const count = h('small.count'), trouble = h('p.trouble', { role: 'alert', hidden: true }), stage = h('div.theatre'), nothing = h('div.empty', { hidden: true });
  const shown = h('div.showing', { hidden: true }, h('span'), button(t('film.back'), () => showCut(), { mark: 'close' })), theatre = h('div.middle', {}, h('div.stage', {}, stage, nothing, shown));
  const fields = h('section.cutting', {}), kept = h('section.kept', {}), under = h('div.under', {});
  const steps = undoButtons();
  const player = new Player(stage, () => told());
  const playVersion = number => { go('film'); version = number; player.pause(); draw(); player.position = 0; player.seek(0); player.play() };
  const render = makeRender(playVersion);
  const page = h('div.page.film', {}, h('header.head', {}, h('h1', {}, t('page.film')), count, h('div.grow'), ...steps.nodes, h('span.sep'), render.node),
    trouble, theatre, h('aside.inspector', { 'aria-label': t('film.cut') }, fields, kept), under);
  place.append(page);
  const bar = transport(player, () => theatre.firstChild.requestFullscreen?.());
  const cut = async (id, edits) => { const sentence = await change(id, edits); if (sentence) notice(sentence, 'bad') };
  const strip = makeStrip(under, player, cut);
  bar.node.append(strip.zoom);
  theatre.append(bar.node);
  const inspector = makeFields(fields), versions = makeVersions(kept, { play: playVersion, lend });
  const showCut = () => { version = null; draw() };

  function draw() {
    const film = fact('film');
    if (!film) return;
    const played = film.versions.find(v => v.number === version);
    if (!played) version = null;
    page.style.setProperty('--ratio', ratio());
    put(count, { text: `${tn('count.shots', film.spans.length)} · ${timecode(film.frames, film.fps)} · ${t('film.rate', { fps: Number(film.fps.toFixed(3)) })}` });
    steps.draw();
    trouble.hidden = !film.trouble;
    put(trouble, { text: film.trouble });
    page.classList.toggle('is-version', !!played);
    shown.hidden = !played;
    if (played) put(shown.firstChild, { text: t('film.showing', { number: played.number, preset: labelOf(played) }) });
    if (!isLent) player.set(played ? lineOf(played) : film);
    strip.draw(film);
    inspector.draw(film);
    versions.draw(film, version);
    drawNothing(nothing, film, !!played);
    askForSmall(film);
    told();
  }

  function told() {
    bar.draw();
    if (version == null) strip.playhead();
  }

  function lend() {
    isLent = true;
    player.release();
    return () => { isLent = false; draw() };
  }

  follow(['film', 'project', 'shot/', 'order', 'stale/', 'run/', 'presets_of_film'], page, changed => {
    const ids = onlyMade(changed), film = fact('film');
    if (!ids || !film) return draw();
    strip.drawMade(ids);
    askForSmall(film);
  });
  watch(page, () => { strip.markSelected(); if (fact('film')) inspector.draw(fact('film')) });
  keys(player, { render, versions, inspector, bar, showCut });
  Studio.film = player;
}

function drawNothing(place, film, isVersion) {
  const isBare = !isVersion && film.spans.every(span => span.kind === 'missing');
  place.hidden = !isBare;
  const is = `${isBare} ${film.spans.length}`;
  if (!isBare || place.dataset.is === is) return;
  place.dataset.is = is;
  place.replaceChildren(...(film.spans.length
    ? [h('b', {}, t('film.empty')), h('p', {}, t('film.empty.hint')), h('div.deeds', {}, button(t('film.empty.make'), () => act('film.complete'), { kind: 'primary', mark: 'spark' }), button(t('page.keyframes'), () => go('keyframes'), { mark: 'keyframes' }))]
    : noShots()));
}

/** Small videos of those that have none, once each, when nothing of that kind is at work. */
function askForSmall(film) {
  const bare = film.spans.filter(span => span.kind === 'video' && !span.small).map(span => `${fact('project')?.folder} ${span.shot} ${span.stamp}`);
  if (bare.every(key => asked.has(key)) || runs().some(run => run.deed === 'proxies' && isActive(run))) return;
  for (const key of bare) asked.add(key);
  ask('film.proxies').catch(() => {});
}

/** What is under the picture: play, steps, jumps, the clock, and a line to look through the film. */
function transport(player, fill) {
  const line = h('input.line', { type: 'range', min: '0', step: '1', value: '0', 'aria-label': t('film.scrub') }), clock = h('output.clock', { 'aria-label': t('film.clock') });
  const deed = (mark, title, run, key) => button('', run, { kind: 'ghost', mark, title: t(title), key });
  const play = button('', () => player.toggle(), { mark: 'play', title: t('film.playPause'), key: t('keys.space') }), pauseMark = button('', null, { mark: 'pause', title: 'x' }).firstChild, playMark = play.firstChild;
  const loop = deed('loop', 'film.loop', () => setLoop(!player.isLooping), 'L');
  const setLoop = is => { player.isLooping = is; loop.classList.toggle('is-on', is); put(loop, { 'aria-pressed': String(is) }) };
  line.addEventListener('input', () => player.seek(Number(line.value)));
  play.classList.add('play');
  return {
    loop: () => setLoop(!player.isLooping),
    fill,
    node: h('div.transport', {}, deed('first', 'film.start', () => player.seek(0), 'Home'), deed('left', 'film.previous', () => player.jump(-1), '←'), play, deed('right', 'film.next', () => player.jump(1), '→'),
      deed('last', 'film.end', () => player.seek(player.line.frames - 1), 'End'), loop, clock, line, deed('full', 'film.full', fill, 'F')),
    draw() {
      const { fps, frames } = player.line;
      put(clock, { text: `${timecode(player.frame, fps)} / ${timecode(frames, fps)}` });
      put(line, { max: String(Math.max(0, frames - 1)), 'aria-valuetext': `${player.span?.shot ?? ''} ${timecode(player.frame, fps)}` });
      line.value = player.frame;
      const mark = player.isPlaying ? pauseMark : playMark;
      if (play.firstChild !== mark) play.replaceChildren(mark);
    },
  };
}

function keys(player, { render, versions, inspector, bar, showCut }) {
  const move = by => {
    const order = fact('order') ?? [], at = order.indexOf(player.span?.shot), to = at + by;
    if (at < 0 || to < 0 || to >= order.length) return;
    select(order[at]);
    act('shot.move', { shots: [order[at]], before: order[by > 0 ? to + 1 : to] ?? null });
  };
  offer('film', {
    ' ': { run: () => player.toggle(), label: 'film.playPause' },
    ',': { run: () => player.step(-1), label: 'film.frameBack' },
    '.': { run: () => player.step(1), label: 'film.frameOn' },
    ArrowLeft: { run: () => player.jump(-1), label: 'film.previous' },
    ArrowRight: { run: () => player.jump(1), label: 'film.next' },
    Home: { run: () => player.seek(0), label: 'film.start' },
    End: { run: () => player.seek(player.line.frames - 1), label: 'film.end' },
    l: { run: bar.loop, label: 'film.loop' },
    f: { run: bar.fill, label: 'film.full' },
    ...keysOf(player, sentence => notice(sentence, 'bad')),
    e: { run: inspector.focus, label: 'cut.key.fields' },
    '<': { run: () => move(-1), label: 'film.earlier' },
    '>': { run: () => move(1), label: 'film.later' },
    r: { run: render.open, label: 'film.render' },
    c: { run: versions.compare, label: 'film.compare' },
    Escape: { run: showCut, label: 'film.back' },
  });
}
