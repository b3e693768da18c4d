// How the shot becomes its video: what it begins and ends with, its segments, what is missing, how it moves.

import { Refused, act, ask, button, fact, h, icon, keyed, keyframeUrl, notice, openProject, put, seconds, shot, show, t, thumbUrl, tn, upload } from './core.js';
import { number, row, section, seed, slider, tag, text } from './fields.js';
import { selected } from './inspector.js';
import { makeAgain } from './segments.js';
import { droppable, picturesOf } from './takes.js';
import { go, selection } from './where.js';

export function makePlan(place, { make, goOn }) {
  const title = h('b.id'), name = h('span.name'), total = h('p.quiet');
  const lacks = h('div.lacks', { role: 'status' }), notes = h('ul.notes');
  const table = h('ol.chain', { 'aria-label': t('video.segments') });
  const start = pictureOf('video.start', () => go('keyframes')), end = endOf();
  const prompt = h('p.sent'), sent = h('details', {}, h('summary', {}, t('video.sent')), prompt);
  const makeButton = button('', make, { kind: 'primary', mark: 'video', key: 'V' });
  const goOnButton = button(t('video.goOn'), goOn, { mark: 'plus', key: 'N', title: t('video.goOn.hint') });
  const fields = [
    text(selected, 'prompt', { rows: 3, placeholder: t('field.prompt.hint') }),
    row(number(selected, 'seconds', { min: 0.1, max: 30, step: 0.1, unit: 's' }), tag(selected, 'camera')),
    row(text(selected, 'motion.kind', {}), tag(selected, 'motion')), slider(selected, 'motion.strength'), text(selected, 'motion.notes', { rows: 2 }),
    section('videoNumbers', false, row(seed(selected, 'video.seed'), number(selected, 'video.steps', { min: 1, max: 150, step: 1, hint: 'workflow' }), number(selected, 'video.cfg', { min: 1, max: 30, step: 0.1, hint: 'workflow' }))),
  ];
  const all = fields.flatMap(field => field.parts ?? [field]);
  place.setAttribute('aria-label', t('video.plan'));
  place.append(h('header', {}, title, name), lacks, h('div.ends', {}, start.node, h('span.arrow', { 'aria-hidden': 'true' }, icon('right')), end.node), notes,
    h('div.chainbox', {}, table, total), h('div.deeds', {}, makeButton, goOnButton), ...fields.map(field => field.node), sent);

  return {
    drawFields() { for (const field of all) field.draw() },
    draw(s, plan, run) {
      place.classList.toggle('is-empty', !s);
      if (!s) return;
      put(title, { text: s.id });
      put(name, { text: s.label || '' });
      start.draw(s, plan);
      end.draw(s, plan);
      drawLacks(lacks, s, plan);
      keyed(notes, plan?.notes ?? [], note => note.word, () => h('li'), (li, note) => put(li, { text: t(`video.note.${note.word}`, note.values) }));
      const segments = plan?.segments ?? [];
      keyed(table, segments, segment => segment.number, () => makeRow(), (li, segment) => updateRow(li, segment, plan, run));
      put(total, { text: plan ? `${tn('count.frames', plan.frames)} · ${seconds(plan.frames / plan.fps)} · ${Number(plan.fps.toFixed(3))} fps · ${plan.size.join(' × ')} · ${plan.workflow}` : '' });
      const isWhole = !run && plan && !plan.runs && plan.clip?.is_current;
      put(makeButton.querySelector('span') ?? makeButton.appendChild(h('span')), { text: run ? t(run.state === 'waiting' ? 'video.is.queued' : 'mark.rendering') : !plan || plan.runs === segments.length ? t('video.make') : plan.runs ? tn('video.makeRest', plan.runs) : isWhole ? t('video.whole') : t('video.join') });
      makeButton.classList.toggle('primary', !isWhole);
      makeButton.classList.toggle('is-whole', !!isWhole);
      put(makeButton, { disabled: !plan || !!plan.lacks.length || isWhole || !!run });
      put(goOnButton, { disabled: !s.vid });
      put(prompt, { text: plan?.prompt ?? '' });
    },
  };
}

function makeRow() {
  return h('li', {}, h('i.dot'), h('b'), h('span.long'), h('span.state'), button('', () => {}, { mark: 'again', kind: 'ghost' }));
}

function updateRow(li, segment, plan, run) {
  const [dot, n, long, state, again] = li.children, count = plan.segments.length;
  const isNow = run?.state === 'running' && (count === 1 || run.note.startsWith(`segment ${segment.number} `));
  dot.className = `dot ${isNow ? 'now' : segment.state}`;
  put(n, { text: String(segment.number) });
  put(long, { text: seconds(segment.seconds), title: tn('count.frames', segment.frames) });
  put(state, { text: isNow ? t('mark.rendering') : segment.take ? `${segment.take.replace(/^.*_v/, 'v')}${segment.is_chosen ? ` · ${t('video.chosen')}` : ''}` : t(`video.state.${segment.state}`) });
  li.classList.toggle('has-other-words', segment.has_other_words);
  const title = t(segment.number === count ? 'video.again.last' : 'video.again', { n: segment.number });
  put(again, { title, 'aria-label': title, disabled: !plan.takes_seed || !!plan.lacks.length || !segment.takes.length });
  again.onclick = () => makeAgain(plan, segment.number);
}

/** What stands in the way, each with the button that does something about it. */
function drawLacks(place, s, plan) {
  const has = picturesOf(s).length;
  const is = JSON.stringify([plan?.lacks, s.problems, has, s.id]);
  if (place.dataset.is === is) return;
  place.dataset.is = is;
  const rows = {
    problem: () => [s.problems.join(' '), button(t('page.storyboard'), () => go('storyboard', s.id))],
    prompt: () => [t('video.lacks.prompt'), button(t('video.write'), () => document.querySelector('.videos [data-field=prompt] textarea')?.focus())],
    keyframe: () => [t('video.lacks.keyframe'), has ? button(t('video.chooseOne'), () => go('keyframes', s.id), { mark: 'image' })
      : button(t('video.makeKeyframe'), () => act('keyframe.generate', { shots: [s.id] }), { mark: 'spark', disabled: !s.prompt.trim() })],
    place: () => [t('video.lacks.place', { workflow: plan.workflow }), button(t('page.settings'), () => go('settings'))],
  };
  place.replaceChildren(...(plan?.lacks ?? []).map(what => { const [words, deed] = rows[what](); return h('div.lack', {}, h('p', {}, words), deed) }));
}

function pictureOf(word, run) {
  const img = h('img', { alt: '', hidden: true }), none = h('span', {}, t('board.none'));
  const node = h('div.end', {}, h('span.caption', {}, t(word)), h('button.poster', { type: 'button', onclick: run, 'aria-label': t(word) }, none, img));
  return {
    node,
    draw(s, plan) {
      const own = s.start_image?.stamp ? thumbUrl(s.start_image.media, s.start_image.stamp, 240) : null;
      const url = keyframeUrl(s, 240) && plan?.start !== s.start_image?.media ? keyframeUrl(s, 240) : own ?? keyframeUrl(s, 240);
      show(img, url);
      none.hidden = !!url;
    },
  };
}

export const nextOf = id => { const order = fact('order') ?? []; return shot(order[order.indexOf(id) + 1]) };
/** The shot whose keyframe this shot moves to, if it does. */
export const endsOn = s => /^keyframes\/(.+)\.png$/.exec(s?.end_image?.media ?? '')?.[1] ?? '';

export function endOnNext(s) {
  const next = nextOf(s?.id);
  if (!next?.key) return notice(t(next ? 'video.end.noKeyframe' : 'recipe.noNext', { shot: next?.id }));
  return act('video.end', { shot: s.id, on: next.id });
}

/** The picture the shot ends with: the next shot's keyframe, one of the artist's own, or none. */
function endOf() {
  const img = h('img', { alt: '', hidden: true }), none = h('span', {}, t('video.end.none')), caption = h('span.caption');
  const set = (value, shots = selection().slice(0, 1), how = {}) => act('shot.set', { shots, field: 'end_image', value }, how);
  const bring = async files => {
    const shots = selection().slice(0, 1), how = { project: openProject() }; // those it was dropped on: others may be chosen before it has arrived
    try { await set(await ask('reference.bring', { upload: await upload(files[0]) }, how), shots, how) } catch (error) {
      if (!(error instanceof Refused)) throw error;
      notice(error.message, 'bad');
    }
    chooser.value = '';
  };
  const chooser = h('input', { type: 'file', accept: 'image/*', hidden: true, onchange: () => chooser.files.length && bring(chooser.files) });
  const poster = h('button.poster', { type: 'button', onclick: () => chooser.click(), title: t('video.end.own'), 'aria-label': t('video.end.own') }, none, img);
  const next = button('', () => endOnNext(shot(selection()[0])), { kind: 'link', title: t('video.end.next'), key: 'E' }), clear = button('', () => set(null), { mark: 'close', kind: 'ghost', title: t('video.end.clear') });
  droppable(poster, bring);
  return {
    node: h('div.end', {}, h('div.caption', {}, caption, clear), poster, next, chooser),
    draw(s, plan) {
      const on = endsOn(s), after = nextOf(s.id);
      put(caption, { text: on ? t('video.end.on', { shot: on }) : t('field.end_image') });
      show(img, s.end_image?.media && s.end_image.stamp ? thumbUrl(s.end_image.media, s.end_image.stamp, 240) : null);
      none.hidden = !img.hidden;
      put(none, { text: s.end_image ? s.end_image.name : plan && !plan.takes_end ? t('video.end.noPlace') : t('video.end.none') });
      clear.hidden = !s.end_image;
      next.hidden = !after || on === after.id;
      put(next.querySelector('span') ?? next.appendChild(h('span')), { text: after ? t('video.end.toNext', { shot: after.id }) : '' });
      put(next, { disabled: !after?.key, 'aria-label': null });
    },
  };
}
