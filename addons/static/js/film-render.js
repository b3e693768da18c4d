// Rendering the film: in which form, what to do about shots that have no clip, and what can be done with it.

import { act, button, fact, follow, h, mediaUrl, notice, runs, t, tn } from './core.js';
import { isActive } from './dock.js';
import { dialog } from './dialogs.js';
import { isHere } from './making.js';

export function makeRender(playVersion) {
  const menu = h('div.menu', { role: 'menu', 'aria-label': t('film.render'), hidden: true });
  const open = button(t('film.render'), () => toggle(menu.hidden), { kind: 'primary', mark: 'film', key: 'R', 'aria-haspopup': 'menu', 'aria-expanded': 'false' });
  const node = h('div.menuholder', {}, open, menu);

  function toggle(is) {
    if (is) menu.replaceChildren(...(fact('presets_of_film') ?? []).map(preset => h('button', { type: 'button', role: 'menuitem', onclick: () => { toggle(false); render(preset.name) } }, h('b', {}, preset.label), h('small', {}, preset.about))));
    menu.hidden = !is;
    open.setAttribute('aria-expanded', String(is));
    if (is) menu.firstChild?.focus();
  }
  menu.addEventListener('keydown', event => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key !== 'Tab') event.stopPropagation(); // the page's keys would cut the shot meanwhile
    if (event.key === 'Escape') { toggle(false); open.focus() } else if (by) [...menu.children].at(([...menu.children].indexOf(document.activeElement) + by) % menu.children.length)?.focus();
    else return;
    event.preventDefault();
  });
  menu.addEventListener('mousedown', event => event.preventDefault()); // some browsers take the focus away at a press
  node.addEventListener('focusout', event => menu.hidden || node.contains(event.relatedTarget) || toggle(false));
  document.addEventListener('pointerdown', event => !node.contains(event.target) && !menu.hidden && toggle(false));
  tellWhenDone(playVersion);
  return { node, open: () => toggle(true) };
}

function render(preset) {
  const film = fact('film'), missing = film?.unrendered ?? [];
  if (!missing.length) return act('film.render', { preset });
  const isNothing = missing.length === film.spans.length;
  const listed = missing.slice(0, 12).join(', ') + (missing.length > 12 ? ' …' : '');
  const box = dialog(tn('film.missing', missing.length), h('p.lead', {}, listed), h('p.lead', {}, t(isNothing ? 'film.missing.all' : 'film.missing.some')),
    h('div.deeds', {}, button(t('film.missing.make'), () => { box.close(); act('film.complete', { preset }) }, { kind: 'primary', mark: 'spark' }),
      !isNothing && button(t('film.missing.without'), () => { box.close(); act('film.render', { preset }) }, { mark: 'film' })));
}

/** Once a film that was seen at work is there: what to do with it, on whatever page the artist is. */
function tellWhenDone(playVersion) {
  const working = new Set();
  follow(['run/', 'film'], document.body, () => {
    for (const run of runs()) {
      if (run.deed !== 'film') continue;
      if (isActive(run)) { working.add(run.id); continue }
      if (run.state !== 'done') { working.delete(run.id); continue }
      const version = working.has(run.id) && isHere(run) && fact('film')?.versions.find(v => nameOf(v.file) === nameOf(run.files[0]));
      if (!isHere(run)) working.delete(run.id);
      if (!version) continue;
      working.delete(run.id);
      notice(t('film.done', { name: nameOf(version.file) }), '', [
        version.plays && { label: t('film.play'), run: () => playVersion(version.number) },
        !version.folder && { label: t('film.download'), run: () => download(version) },
        { label: t('film.reveal'), run: () => act('film.reveal', { version: version.number }) },
      ].filter(Boolean));
    }
  });
}

const nameOf = file => file?.split('/').at(-1);

export function download(version) {
  const link = h('a', { href: mediaUrl(version.file, version.stamp), download: nameOf(version.file) });
  document.body.append(link);
  link.click();
  link.remove();
}
