// What was made elsewhere comes in: a place to drop it, then a question where it should go.

import { Refused, ask, button, fact, h, icon, notice, put, t, tn } from './core.js';
import { sendEdits } from './boardfields.js';
import { dialog } from './dialogs.js';
import { openWhenDone } from './outcomes.js';
import { openProject } from './recents.js';
import { chosen, dropped, handOver } from './taking.js';
import { go } from './where.js';

/** The place where things are dropped; with choosers, and a path for what lies on the studio's machine. */
export function dropZone(take, isLarge = false) {
  const files = h('input', { type: 'file', multiple: true, hidden: true, 'aria-label': t('import.files'), onchange: () => { if (files.files.length) take(chosen([...files.files])); files.value = '' } });
  const folder = h('input', { type: 'file', webkitdirectory: true, hidden: true, 'aria-label': t('import.folder'), onchange: () => { if (folder.files.length) take(chosen([...folder.files])); folder.value = '' } });
  folder.setAttribute('webkitdirectory', '');
  const zone = h(`div.dropzone${isLarge ? '.large' : ''}`, { role: 'group', 'aria-label': t('import.title') }, icon('drop'), h('p', {}, h('b', {}, t('import.drop')), h('span', {}, t('import.what'))),
    h('div.choices', {}, button(t('import.files'), () => files.click(), {}), button(t('import.folder'), () => folder.click(), {}), button(t('import.path'), () => importDialog({ atPath: true }), { kind: 'ghost' })), files, folder);
  acceptDrops(zone, zone, take);
  return zone;
}

/** Drops anywhere on `place` are taken; `zone` shows it. */
export function acceptDrops(place, zone, take) {
  const hasFiles = event => [...event.dataTransfer.types].includes('Files');
  place.addEventListener('dragover', event => { if (hasFiles(event)) { event.preventDefault(); zone.classList.add('is-over') } });
  place.addEventListener('dragleave', event => { if (!place.contains(event.relatedTarget)) zone.classList.remove('is-over') });
  place.addEventListener('drop', async event => {
    zone.classList.remove('is-over');
    if (!hasFiles(event) || event.defaultPrevented) return;
    event.preventDefault();
    try {
      const items = await dropped(event.dataTransfer);
      if (items.files.length) take(items);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      notice(error.message, 'bad');
    }
  });
}

/** Everything about one import: `items` that were dropped, or a place to drop them and a path to enter. */
export function importDialog({ items = null, atPath = false } = {}) {
  const stage = h('div.importing'), stop = new AbortController();
  const { box, close } = dialog(t('import.title'), stage);
  let source = null, isTaken = false;
  box.classList.add('narrow');
  box.addEventListener('close', () => { stop.abort(); if (source && !isTaken) ask('import.leave', { source }).catch(() => {}) });
  const fail = error => { if (!(error instanceof Refused)) throw error; begin(error.message) };

  function begin(sentence = '') {
    const path = h('input', { type: 'text', spellcheck: 'false', autocomplete: 'off', placeholder: t('import.path.hint'), 'aria-label': t('import.path.label') });
    const look_ = () => look(path.value);
    path.addEventListener('keydown', event => event.key === 'Enter' && look_());
    const said = h('p.problem', { role: 'alert', hidden: !sentence }, sentence);
    stage.replaceChildren(said, dropZone(take, true), h('div.bypath', {}, path, button(t('import.look'), look_, {})));
    stage.querySelector('.choices').lastChild.remove(); // the path can be entered right below
    if (atPath) path.focus();
  }

  async function take(taken) {
    const note = h('p', {}, t('import.taking', { name: taken.name })), bar = h('div.bar', {}, h('i'));
    stage.replaceChildren(note, bar);
    try {
      source = await handOver(taken, (n, all, name) => { put(note, { text: t('import.takingMany', { n: n + 1, all, name }) }); bar.firstChild.style.width = `${100 * n / all}%` }, stop.signal);
      if (source) await ask('import.look', { source }).then(offer);
    } catch (error) { fail(error) }
  }

  async function look(path) {
    source = path;
    try { offer(await ask('import.look', { source })) } catch (error) { fail(error) }
  }

  function offer(found) {
    const what = h('div.found', {}, icon({ pictures: 'image', zip: 'zip', table: 'grid', text: 'pages' }[found.kind] ?? 'storyboard'),
      h('div', {}, h('b', {}, found.name), h('span', {}, [t(`import.kind.${found.kind}`), found.count != null && tn(found.kind === 'pictures' ? 'count.pictures' : 'count.shots', found.count)].filter(Boolean).join(' · '))));
    const choice = (mark, label, hint, run, isOff) => h('button.choice', { type: 'button', disabled: isOff, onclick: run }, icon(mark), h('span', {}, h('b', {}, label), h('small', {}, hint)));
    const choices = [];
    if (found.kind === 'project' && !found.new) choices.push(choice('project', t('import.open'), t('import.open.hint'), () => { isTaken = true; close(); openProject(found.path, 'storyboard') }));
    if (found.kind === 'settings') choices.push(choice('settings', t('import.toSettings'), t('import.toSettings.hint'), () => { close(); go('settings') }));
    if (!['project', 'settings', 'zip'].includes(found.kind)) choices.push(choice('storyboard', t('import.into', { title: fact('project')?.title ?? '' }), t(found.into ? `import.into.${found.kind === 'pictures' ? 'pictures' : 'hint'}` : `import.not.${found.why}`), () => run(false), !found.into));
    if (found.new) choices.push(choice('plus', t('import.new'), t('import.new.hint'), () => run(true)));
    stage.replaceChildren(what, h('div.choicelist', {}, choices));
    stage.querySelector('.choice:not(:disabled)')?.focus();
  }

  async function run(isNew) {
    for (const choice of stage.querySelectorAll('button')) choice.disabled = true; // a second click would bring it in twice
    try {
      await sendEdits();
      const ids = await ask('import.run', { source, new: isNew }, isNew ? { project: null } : {});
      isTaken = true;
      close();
      go('project');
      if (isNew) openWhenDone(ids);
    } catch (error) { fail(error) }
  }

  items ? take(items) : begin();
  return box;
}

export const takeIn = items => importDialog({ items });
