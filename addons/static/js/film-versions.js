// The films that were rendered and kept: to play, to take away, and two of them side by side.

import { act, ask, button, fact, h, keyed, notice, put, ratio, show, t, thumbUrl } from './core.js';
import { Player, timecode } from './film-player.js';
import { download } from './film-render.js';
import { dialog } from './dialogs.js';
import { takeBack } from './undoing.js';

/** A version as something to play: one shot as long as the film. */
export function lineOf(version) {
  const span = { shot: `v${version.number}`, kind: version.file.endsWith('.mp4') ? 'video' : 'still', file: version.plays ? version.file : version.picture, stamp: version.stamp, start: 0, frames: version.frames, first: 0, moving: version.frames, length: version.frames, fade_in: 0, fade_out: 0, dissolve_in: 0, dissolve_out: 0 };
  return { fps: version.fps, frames: version.frames, spans: [span], version: version.number };
}

export const labelOf = version => (fact('presets_of_film') ?? []).find(p => p.name === version.preset)?.label ?? version.preset;
export const bytes = n => n < 1e6 ? `${Math.max(1, Math.round(n / 1e3))} kB` : n < 1e9 ? `${(n / 1e6).toFixed(1)} MB` : `${(n / 1e9).toFixed(2)} GB`;
const named = version => `v${version.number} · ${labelOf(version)}`;
const when = version => new Date(version.made).toLocaleString(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' });

export function makeVersions(place, { play, lend }) {
  const list = h('div.versions', { role: 'list' }), none = h('p.quiet', {}, t('film.versions.none'));
  const both = button(t('film.compare'), () => compare(fact('film').versions, lend), { mark: 'compare', key: 'C' });
  place.append(h('header', {}, h('h2', {}, t('film.versions')), h('div.grow'), both), none, list);

  function make(version) {
    const deed = (mark, title, run) => button('', run, { kind: 'ghost', mark, title: t(title) });
    const now = () => fact('film').versions.find(v => v.number === version.number) ?? version;
    return h('article.version', { role: 'listitem', data: { version: version.number } },
      h('button.thumb', { type: 'button', disabled: !version.plays, onclick: () => play(version.number), 'aria-label': `${t('film.play')} v${version.number}` }, h('img', { alt: '', loading: 'lazy' })),
      h('div.about', {}, h('b'), h('small'), h('small')),
      h('div.tools', {}, version.folder ? null : deed('download', 'film.download', () => download(now())),
        deed('again', 'film.restore', () => restore(version.number)), deed('project', 'film.reveal', () => act('film.reveal', { version: version.number })), deed('bin', 'film.remove', () => remove(version.number))));
  }

  function update(node, version) {
    const [thumb, about] = node.children, [name, facts, made] = about.children;
    show(thumb.firstChild, thumbUrl(version.picture, version.stamp, 160));
    put(name, { text: named(version) });
    put(facts, { text: `${timecode(version.frames, version.fps)} · ${version.size.join(' × ')} · ${bytes(version.bytes)}` });
    put(made, { text: when(version) });
  }

  return {
    compare: () => compare(fact('film')?.versions ?? [], lend),
    draw(film, playing) {
      keyed(list, film.versions, v => v.number, make, update);
      for (const node of list.children) node.classList.toggle('is-on', Number(node.dataset.version) === playing);
      none.hidden = film.versions.length > 0;
      both.disabled = film.versions.length < 2;
    },
  };
}

async function remove(number) {
  const step = await act('film.remove', { version: number });
  if (step) notice(t('film.removed', { number }), '', takeBack(step));
}

async function restore(number) {
  const step = await act('film.restore', { version: number });
  if (step !== undefined) notice(t(step ? 'film.restored' : 'film.restored.same', { number }), '', step ? takeBack(step) : null);
}

/** Two versions in step, and the shots that differ. The page's own player lets go of its videos meanwhile. */
function compare(versions, lend) {
  if (versions.length < 2) return notice(t('film.compare.none'));
  const giveBack = lend();
  const films = versions.filter(v => v.file.endsWith('.mp4')), [after, before] = films.length > 1 ? films : versions;
  const sides = [before, after].map((version, n) => side(versions, version, n, () => load()));
  const line = h('input', { type: 'range', min: '0', step: '1', value: '0', 'aria-label': t('film.scrub') }), clock = h('output.clock');
  const toggle = button('', () => playing() ? each(p => p.pause()) : each(p => p.play()), { mark: 'play', title: t('film.playPause'), key: t('keys.space') });
  const list = h('ul.differences', { 'aria-live': 'polite' });
  const box = dialog(t('film.compare'), h('div.sides', {}, sides.map(one => one.node)),
    h('div.transport', {}, toggle, button('', () => step(-1), { mark: 'left', title: t('film.frameBack') }), button('', () => step(1), { mark: 'right', title: t('film.frameOn') }), clock, line), h('h3', {}, t('film.differences')), list);
  box.box.classList.add('wide', 'comparing');
  box.box.addEventListener('close', () => { each(p => p.free()); giveBack() });
  box.box.addEventListener('keydown', event => {
    const deed = { ' ': () => toggle.click(), ',': () => step(-1), '.': () => step(1) }[event.key];
    if (!deed || event.key === ' ' && event.target.closest('button, select')) return;
    event.preventDefault();
    deed();
  });
  const [first, second] = sides.map(one => one.player);
  const each = run => sides.forEach(one => run(one.player));
  const playing = () => first.isPlaying || second.isPlaying;
  const seconds = player => player.position / player.line.fps;
  const seek = time => each(p => p.seek(Math.min(p.line.frames - 1, Math.floor(time * p.line.fps + 0.01))));
  const step = by => { each(p => p.pause()); seek((first.frame + by) / first.line.fps) };
  line.addEventListener('input', () => seek(Number(line.value) / first.line.fps));
  first.told = () => {
    if (first.isPlaying && second.isPlaying && Math.abs(seconds(first) - seconds(second)) > 1 / first.line.fps) second.position = Math.min(second.line.frames - 1, seconds(first) * second.line.fps);
    put(line, { max: String(first.line.frames - 1) });
    line.value = first.frame;
    put(clock, { text: `${timecode(first.frame, first.line.fps)} / ${timecode(first.line.frames, first.line.fps)}` });
  };

  async function load() {
    for (const one of sides) one.player.set(lineOf(one.version()));
    const found = await ask('film.compare', { before: sides[0].version().number, after: sides[1].version().number }).catch(error => [{ text: error.message, at: [null, null] }]);
    list.replaceChildren(...(found.length ? found.map(one => h('li', {}, h('button', { type: 'button', disabled: one.at.every(at => at == null), onclick: () => { each(p => p.pause()); sides.forEach((s, n) => { const at = one.at[n] ?? one.at[1 - n]; s.player.seek(Math.round(at * s.player.line.fps)) }) } }, one.text))) : [h('li.quiet', {}, t('film.differences.none'))]));
  }
  load();
  Studio.comparing = sides.map(one => one.player);
  toggle.focus();
}

function side(versions, chosen, n, changed) {
  const screen = h('div.theatre', {});
  screen.style.setProperty('--ratio', ratio());
  const select = h('select', { 'aria-label': t(n ? 'film.compare.after' : 'film.compare.before'), onchange: () => changed() }, versions.map(v => h('option', { value: String(v.number) }, `${named(v)} · ${when(v)}`)));
  select.value = String(chosen.number);
  return { node: h('div.side', {}, select, screen), player: new Player(screen), version: () => versions.find(v => v.number === Number(select.value)) };
}
