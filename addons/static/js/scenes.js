// Scenes on the board: a heading before the shots of each, to fold them away and to name them all at once.

import { act, clock, fact, h, icon, openProject, put, shot, shots, t, tn } from './core.js';

const KEY = 'studio.folded';
const project = () => fact('project')?.folder ?? '';
const folded = () => { try { return new Set(JSON.parse(localStorage.getItem(KEY))?.[project()] ?? []) } catch { return new Set() } };

function keep(names) {
  let all = {};
  try { all = JSON.parse(localStorage.getItem(KEY)) ?? {} } catch { /* it was not ours */ }
  localStorage.setItem(KEY, JSON.stringify({ ...all, [project()]: [...names] }));
}

export const hasScenes = () => shots().some(s => s.scene);

/** What the board shows, in order: shots, and when any has a scene, a heading before each run of one scene. */
export function rows(listed) {
  if (!listed.some(s => s.scene)) return listed.map(s => ({ key: s.id, shot: s }));
  const away = folded(), times = new Map(), found = [];
  let head = null;
  for (const s of listed) {
    if (!head || head.scene !== s.scene) {
      const nth = (times.get(s.scene) ?? 0) + 1;
      times.set(s.scene, nth);
      head = { key: `scene ${nth} ${s.scene}`, scene: s.scene, shots: [], isFolded: away.has(s.scene) };
      found.push(head);
    }
    head.shots.push(s);
    if (!head.isFolded) found.push({ key: s.id, shot: s });
  }
  return found;
}

/** Show a shot whose scene is folded away. */
export function unfold(id) {
  const names = folded(), s = shot(id);
  if (!s || !hasScenes() || !names.delete(s.scene)) return false;
  keep(names);
  return true;
}

export function makeHead(row, redraw) {
  const fold = h('button.fold', { type: 'button', onclick: () => { const names = folded(); names.has(node.scene) ? names.delete(node.scene) : names.add(node.scene); keep(names); redraw() } }, icon('down'));
  const name = h('input.name', { type: 'text', autocomplete: 'off', spellcheck: 'true', placeholder: t('scene.none') }), about = h('small');
  name.addEventListener('keydown', event => {
    if (event.key === 'Escape') { name.value = node.scene; event.stopPropagation(); name.blur() }
    if (event.key === 'Enter') name.blur();
  });
  name.addEventListener('focus', () => { node.project = openProject() });
  name.addEventListener('change', () => rename(node, name.value.trim()));
  const node = h('div.scene-head', { role: 'row' }, h('div', { role: 'rowheader' }, fold, name, about));
  return node;
}

export function updateHead(node, row) {
  Object.assign(node, { scene: row.scene, shots: row.shots.map(s => s.id) });
  node.dataset.first = row.shots[0].id;
  const [fold, name, about] = node.firstChild.children, called = row.scene || t('scene.none');
  node.classList.toggle('is-folded', row.isFolded);
  put(fold, { 'aria-expanded': String(!row.isFolded), 'aria-label': t(row.isFolded ? 'scene.unfold' : 'scene.fold', { scene: called }), title: t(row.isFolded ? 'scene.unfold' : 'scene.fold', { scene: called }) });
  put(name, { value: row.scene, 'aria-label': t('scene.rename', { scene: called }), title: t('scene.rename', { scene: called }) });
  put(about, { text: `${tn('count.shots', row.shots.length)} · ${clock(row.shots.reduce((sum, s) => sum + s.seconds, 0))}` });
}

/** All shots of a scene, wherever they stand; of those without one, only the ones below the heading. */
function rename(node, to) {
  if (to === node.scene) return;
  const ids = node.scene ? shots().filter(s => s.scene === node.scene).map(s => s.id) : node.shots;
  act('shot.set', { shots: ids, field: 'scene', value: to }, { project: node.project });
}
