// Video: the clip of each shot, frame by frame, and how it comes about.

import { Refused, act, ask, button, clock, debounce, fact, follow, h, keyed, keyframeUrl, mediaUrl, notice, percent, put, ratio, seconds, shot, shots, show, stale, t, thumbUrl, tn } from './core.js';
import { noShots } from './blank.js';
import { compareClips } from './compare-clips.js';
import { isActive } from './dock.js';
import { flushEdits } from './fields.js';
import { offer } from './keys.js';
import { madeOf, onlyMade } from './making.js';
import { estimate } from './money.js';
import { onProject } from './otherproject.js';
import { makePlayer } from './player.js';
import { makeAgain, makeSegments } from './segments.js';
import { label, stampOf } from './takes.js';
import { endOnNext, endsOn, makePlan, nextOf } from './video-plan.js';
import { currentShot, go, isSelected, select, selection, watch, write } from './where.js';

let plan = null, planned = '', refused = ''; // of the current shot, what it was asked for, and why there is none
let looked = null; // a take looked at instead of the clip
onProject(() => { plan = looked = null; planned = '' });

export function mount(place) {
  const count = h('small.count'), cost = h('small.estimate', { title: t('money.estimate.hint') }), list = h('div.shots', { role: 'listbox', 'aria-label': t('keyframes.shots'), 'aria-multiselectable': 'true' });
  const screen = h('div.player'), strip = h('div.segments', { hidden: true }), side = h('aside.inspector.videoplan');
  const page = h('div.page.videos', {},
    h('header.head', {}, h('h1', {}, t('page.video')), count, h('div.grow'), cost, button(t('video.missing'), makeMissing, { mark: 'plus' }),
      button(t('video.generate'), makeSelected, { kind: 'primary', mark: 'video', key: 'V' })),
    list, h('div.middle', {}, screen, strip), side);
  place.append(page);
  const player = makePlayer(screen), over = makeOver(screen);
  const segments = makeSegments(strip, { look, compare });
  const planView = makePlan(side, { make: makeSelected, goOn });

  const drawCost = () => put(cost, { text: estimate('video', selection().length) });
  follow(['money', 'backend', 'settings'], page, drawCost);

  let drawn = '';
  function draw() {
    page.style.setProperty('--ratio', ratio());
    const all = shots(), made = all.filter(s => s.vid);
    drawCost();
    put(count, { text: all.length ? t('video.count', { made: made.length, all: all.length, time: clock(all.reduce((sum, s) => sum + s.seconds, 0)) }) : '' });
    keyed(list, all, s => s.id, makeRow, updateRow);
    const s = shot(currentShot()), run = runOf(s);
    if (looked && looked.shot !== s?.id) looked = null;
    if (plan && plan.shot !== s?.id) plan = null;
    if (drawn !== s?.id) refused = '';
    drawn = s?.id;
    player.show(s ? clipOf(s) : null);
    over.draw(s, run);
    segments.draw(plan, looked?.name ?? '');
    planView.draw(s, plan, run);
    if (s) planView.drawFields();
    askForPlan(s, run);
  }

  function drawMade(ids) {
    for (const id of ids) { const row = list.keyedNodes?.get(id); if (row && shot(id)) drawState(row, shot(id)) }
    const s = shot(currentShot());
    if (!s || !ids.has(s.id)) return;
    over.draw(s, runOf(s));
    planView.draw(s, plan, runOf(s));
    askForPlan(s, runOf(s));
  }

  /** Ask again when something the plan is made of has changed. */
  function askForPlan(s, run) {
    const is = s && JSON.stringify([s, nextOf(s.id)?.key, fact('project'), fact('settings'), run && [run.state, run.note.split(':')[0]]]);
    if (!s || is === planned) return;
    planned = is;
    fetchPlan(s.id, is);
  }
  const fetchPlan = debounce(async (id, is) => {
    let found = null;
    try { found = await ask('video.plan', { shot: id }) } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (is === planned) { planned = ''; refused = error.message; over.draw(shot(id), runOf(shot(id))) } // asked again at the next change
      return;
    }
    if (is !== planned) return; // another shot is looked at by now
    plan = found;
    refused = '';
    draw();
  }, 80);

  /** What the player shows: the take looked at, else the clip, else the picture it will begin with. */
  function clipOf(s) {
    const poster = keyframeUrl(s, 0) ?? (s.start_image?.stamp ? mediaUrl(s.start_image.media, s.start_image.stamp) : null);
    if (looked) return { about: looked.name, url: mediaUrl(`takes/${looked.file}`, stampOf(looked.shot, looked.name)), poster: null, frames: looked.frames, rate: [Math.round(looked.fps * 1000), 1000], joins: [] };
    if (!s.vid) return { about: s.id, url: null, poster, frames: 0, rate: [24, 1], joins: [] };
    const clip = plan?.shot === s.id ? plan.clip : null;
    return { about: s.id, url: clip ? mediaUrl(`videos/${s.id}.mp4`, s.vid) : null, poster, frames: clip?.frames ?? 0, rate: clip?.rate ?? [24, 1], joins: clip?.joins ?? [] };
  }

  function look(take, number) { if (take.name !== looked?.name) { looked = { ...take, shot: plan.shot, fps: plan.fps, number }; draw() } }
  function compare(left, right, use) {
    player.lend();
    compareClips(left, right, plan, take => use(take.name), () => player.take());
  }
  async function goOn() {
    const s = shot(currentShot());
    if (!s?.vid) return notice(t('video.goOn.none'));
    const id = await act('video.continue', { shot: s.id });
    if (!id) return;
    notice(t('video.goOn.done', { shot: id, from: s.id }));
    write('video', id, '.videos [data-field=prompt] textarea');
  }
  const again = () => plan && makeAgain(plan, looked?.number ?? player.segment());

  follow(['shot/', 'order', 'project', 'run/', 'settings', 'presets', 'stale/'], page, changed => { const ids = onlyMade(changed); ids ? drawMade(ids) : draw() });
  let seen = '';
  watch(page, () => {
    if (seen !== selection().join()) { flushEdits(); seen = selection().join(); list.querySelector('.is-selected')?.scrollIntoView({ block: 'nearest' }) }
    draw();
  });
  new IntersectionObserver(entries => entries.at(-1).isIntersecting || player.pause()).observe(page); // another page is looked at
  list.addEventListener('click', event => { const row = event.target.closest('[data-shot]'); if (row && !event.target.closest('button')) select(row.dataset.shot, { range: event.shiftKey, toggle: event.ctrlKey || event.metaKey }) });
  list.addEventListener('keydown', event => { if (event.key === 'Enter' && event.target.matches('[data-shot]')) { event.stopPropagation(); select(event.target.dataset.shot) } });
  offer('video', {
    ' ': { run: () => player.toggle(), label: 'player.play' },
    ArrowRight: { run: () => player.step(1), label: 'player.on' },
    ArrowLeft: { run: () => player.step(-1), label: 'player.back' },
    '.': { run: () => player.step(1) }, ',': { run: () => player.step(-1) },
    Home: { run: () => player.seek(0), label: 'player.first' },
    End: { run: () => player.seek(player.frames() - 1), label: 'player.last' },
    '[': { run: () => player.join(-1), label: 'player.joinBack' }, ']': { run: () => player.join(1), label: 'player.joinOn' },
    u: { run: () => player.shuttle(-1), label: 'player.reverse' }, i: { run: () => player.pause(), label: 'player.pause' }, o: { run: () => player.shuttle(1), label: 'player.forward' },
    l: { run: () => player.loop(), label: 'player.loop' },
    '-': { run: () => player.speed(-1), label: 'player.slower' }, '+': { run: () => player.speed(1), label: 'player.faster' }, '=': { run: () => player.speed(1) },
    v: { run: makeSelected, label: 'video.generate' },
    r: { run: again, label: 'video.again.here' },
    c: { run: () => segments.compare(player.segment()), label: 'video.compare' },
    p: { run: () => segments.use(), label: 'video.use' }, Enter: { run: () => segments.use() },
    e: { run: () => endOnNext(shot(currentShot())), label: 'video.end.next' },
    n: { run: goOn, label: 'video.goOn' },
    Escape: { run: () => { looked = null; draw() } },
  });
}

// --- making ----------------------------------------------------------------------------------

const canBegin = s => s.prompt.trim() && !s.problems.length && (s.key || s.start_image);

function makeSelected() {
  flushEdits();
  const chosen = selection().map(shot), ready = chosen.filter(canBegin), not = chosen.filter(s => !canBegin(s)).map(s => s.id);
  if (not.length) notice(tn('video.notReady', not.length, { shots: not.slice(0, 6).join(', ') }), ready.length ? '' : 'bad');
  if (ready.length) act('video.generate', { shots: ready.map(s => s.id) });
}

function makeMissing() {
  const bare = shots().filter(s => !s.vid), ready = bare.filter(s => canBegin(s) && !runOf(s));
  if (ready.length) return act('video.generate', { shots: ready.map(s => s.id) });
  const waits = bare.filter(s => !canBegin(s)).length;
  notice(waits ? tn('video.waitForKeyframes', waits) : t('video.nothingMissing'));
}

// --- shots -----------------------------------------------------------------------------------

const runOf = s => s && madeOf(s.id).filter(run => run.deed === 'video' && isActive(run)).sort((a, b) => (a.state === 'waiting') - (b.state === 'waiting'))[0];

export function stateOf(s, run) {
  if (run) return run.state === 'waiting' ? 'queued' : 'rendering';
  if (s.problems.length) return 'problem';
  if (!s.prompt.trim()) return 'empty';
  if (s.vid) return stale(s.id).video === 'stale' ? 'stale' : 'clip';
  return s.key || s.start_image ? 'ready' : 'bare';
}

function makeRow(s) {
  return h('div.shotrow.videorow', { role: 'option', tabindex: '0', data: { shot: s.id } }, h('img', { alt: '', hidden: true, loading: 'lazy' }),
    h('div', {}, h('b', {}, s.id), h('small', {}), h('span.state', {}, h('i.dot'), h('span'))), h('span.n'), h('span.move', { hidden: true }), h('div.bar', {}, h('i')));
}

function updateRow(row, s) {
  const [img, text, n, move] = row.children, on = endsOn(s), next = nextOf(s.id);
  show(img, keyframeUrl(s, 160) ?? (s.start_image?.stamp ? thumbUrl(s.start_image.media, s.start_image.stamp, 160) : null));
  put(text.children[1], { text: s.label || s.prompt });
  put(n, { text: seconds(s.seconds) });
  move.hidden = !s.end_image;
  const isNext = on && on === next?.id;
  move.classList.toggle('is-elsewhere', !!on && !isNext);
  put(move, { text: isNext ? '↓' : '→', title: on ? t(isNext ? 'video.move.next' : 'video.move.elsewhere', { shot: on }) : t('video.move.picture', { name: s.end_image?.name ?? '' }) });
  row.classList.toggle('is-selected', isSelected(s.id));
  row.classList.toggle('is-moving', !!isNext);
  put(row, { 'aria-selected': String(isSelected(s.id)) });
  drawState(row, s);
}

/** What changes while it is made. */
function drawState(row, s) {
  const run = runOf(s), state = stateOf(s, run), on = endsOn(s), said = row.children[1].lastChild, bar = row.lastChild;
  put(said.lastChild, { text: run && run.state !== 'waiting' ? percent(run.fraction) : t(`video.is.${state}`) });
  put(said, { 'data-state': state, title: state === 'stale' ? t('stale.since', { what: stale(s.id).video_why.map(w => t(`stale.${w}`)).join(', ') }) : null });
  bar.hidden = !run;
  if (run) bar.firstChild.style.width = percent(run.fraction);
  put(row, { 'aria-label': `${s.id} ${s.label || s.prompt}. ${t(`video.is.${state}`)}${on ? `. ${t('video.end.on', { shot: on })}` : ''}` });
}

/** What lies over the picture: what forms just now, what is looked at, and why there is nothing to see. */
function makeOver(place) {
  const img = h('img.forming', { alt: '', hidden: true }), note = h('span.note'), bar = h('div.bar', {}, h('i')), nothing = h('div.empty', {}, h('b'), h('p')), bare = h('div.empty', {}, noShots()), failure = h('p.problem', { role: 'alert', hidden: true });
  const back = button(t('video.backToClip'), () => { looked = null; go('video') }, { mark: 'left' });
  const stage = place.querySelector('.screen');
  stage.append(img, nothing, bare, note, h('div.over', {}, back), bar, failure);
  return {
    draw(s, run) {
      const isRunning = run && run.state !== 'waiting', state = s ? stateOf(s, run) : 'bare';
      show(img, isRunning && run.preview ? `studio/preview/${run.id}?v=${run.preview}` : null);
      bar.hidden = !isRunning;
      if (isRunning) bar.firstChild.style.width = percent(run.fraction);
      back.hidden = !looked;
      put(note, { text: isRunning ? `${run.note} ${percent(run.fraction)}` : looked ? `${looked.shot}.${String(looked.number).padStart(2, '0')} ${label(looked)}` : s?.vid && plan?.clip && !plan.clip.is_current ? t('video.earlier') : '' });
      bare.hidden = !!s;
      nothing.hidden = !s || !!s.vid || !!looked || !!s.key || !!s.start_image;
      put(nothing.firstChild, { text: t(`video.is.${state}`) });
      put(nothing.lastChild, { text: t(state === 'empty' ? 'video.lacks.prompt' : 'video.lacks.keyframe') });
      const failed = s && madeOf(s.id).findLast(r => r.deed === 'video');
      const said = refused || (failed?.state === 'failed' ? failed.error : '');
      failure.hidden = !said;
      put(failure, { text: said });
    },
  };
}
