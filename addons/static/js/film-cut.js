// How the shot selected is cut: every edit in frames, with the sentence beside it when it does not fit.

import { Refused, ask, button, debounce, fact, h, put, shot, t } from './core.js';
import { go, select, selection } from './where.js';

/** Ask for edits of a shot; the sentence of a refusal, or nothing. */
export async function change(id, edits) {
  try { await ask('film.cut', { shot: id, edits }) } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return error.message;
  }
  return '';
}

export function makeFields(place) {
  const name = h('b.id'), label = h('span.label'), length = h('p.quiet'), problem = h('p.problem', { role: 'alert', hidden: true });
  const fields = Object.fromEntries((fact('film')?.edits ?? ['trim_in', 'trim_out', 'hold', 'fade_in', 'fade_out', 'dissolve']).map(edit => [edit, field(edit)]));
  const reset = button(t('cut.reset'), () => resetShot(), { mark: 'undo', key: 'X' });
  place.append(h('header', {}, name, label, h('div.grow'), button('', () => go('keyframes', selection()[0]), { kind: 'ghost', mark: 'keyframes', title: t('page.keyframes') })), length, problem,
    h('div.cuts', {}, Object.values(fields).map(one => one.node)), h('div.deeds', {}, reset));

  function draw(film) {
    const id = selection()[0], span = film.spans.find(one => one.shot === id), s = shot(id);
    place.hidden = !span;
    if (!span) return;
    put(name, { text: id });
    put(label, { text: s?.label || s?.prompt || '' });
    put(length, { text: t('cut.length', { frames: span.frames, seconds: (span.frames / film.fps).toFixed(2), of: span.length }) });
    problem.hidden = !span.problem;
    put(problem, { text: span.problem });
    for (const [edit, one] of Object.entries(fields)) one.draw(film, id, edit);
    reset.disabled = !film.cut[id];
  }
  return { draw, focus: () => fields.trim_in.input.select() };
}

export const resetShot = (id = selection()[0]) => change(id, Object.fromEntries(fact('film').edits.map(edit => [edit, 0])));

function field(edit) {
  const id = `cut-${edit}`, input = h('input', { id, type: 'number', min: '0', step: '1', inputmode: 'numeric', 'aria-describedby': `${id}-why` });
  const time = h('output', { for: id }), why = h('p.problem', { id: `${id}-why`, role: 'alert', hidden: true });
  let of = '', refused = false;
  const say = sentence => {
    refused = !!sentence;
    why.hidden = !sentence;
    put(why, { text: sentence });
    put(input, { 'aria-invalid': sentence ? 'true' : null });
  };
  let asking = Promise.resolve(); // one after another
  const send = debounce((shot, frames) => {
    asking = asking.then(() => change(shot, { [edit]: frames })).then(sentence => { if (shot === of && document.activeElement === input) say(sentence) });
  }, 180);
  input.addEventListener('input', () => send(of, Math.round(Number(input.value || 0))));
  input.addEventListener('blur', async () => { send.now(); await asking; say(''); input.value = String(fact('film').cut[of]?.[edit] ?? 0) });
  input.addEventListener('keydown', event => event.key === 'Enter' && input.blur());
  return {
    input,
    node: h('div.cut', {}, h('label', { for: id }, t(`cut.${edit}`)), input, time, why),
    draw(film, id) {
      const value = film.cut[id]?.[edit] ?? 0, misfit = film.misfits.find(one => one.shot === id && one.edits.includes(edit));
      if (of !== id) { of = id; say(''); input.value = String(value) } else put(input, { value: String(value) });
      if (!refused) { why.hidden = !misfit; put(why, { text: misfit?.text ?? '' }) }
      put(time, { text: value ? `${(value / film.fps).toFixed(2)} s` : '' });
    },
  };
}

/** Edits by key, at the frame under the playhead. */
export function keysOf(player, told) {
  const at = () => { const film = fact('film'), { span } = player; return span && film?.spans.includes(span) ? { film, span, n: player.frame - span.start, cut: film.cut[span.shot] ?? {} } : null };
  const edit = make => async () => {
    const here = at();
    if (!here) return;
    select(here.span.shot);
    const edits = make(here), stood = player.frame, sentence = await change(here.span.shot, edits);
    if (sentence) told(sentence);
    else if ('trim_in' in edits && player.frame === stood) player.seek(here.span.start); // not away from where somebody went meanwhile
  };
  const half = film => Math.round(film.fps / 2);
  const onOff = name => edit(({ film, cut }) => ({ [name]: cut[name] ? 0 : half(film) }));
  return {
    i: { run: edit(({ span, n }) => ({ trim_in: span.first + Math.min(n, span.moving - 1) })), label: 'cut.key.in' },
    o: { run: edit(({ span, n }) => ({ trim_out: span.length - span.first - Math.min(n, span.moving - 1) - 1 })), label: 'cut.key.out' },
    h: { run: edit(({ film, cut }) => ({ hold: (cut.hold ?? 0) + half(film) })), label: 'cut.key.hold' },
    q: { run: onOff('fade_in'), label: 'cut.key.fadeIn' },
    w: { run: onOff('fade_out'), label: 'cut.key.fadeOut' },
    d: { run: onOff('dissolve'), label: 'cut.key.dissolve' },
    x: { run: () => { const here = at(); if (here) resetShot(here.span.shot) }, label: 'cut.reset' },
  };
}
