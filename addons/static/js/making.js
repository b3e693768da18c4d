// What is being made of the open project's shots. Looked up once for all cards: 500 of them would look
// through a thousand runs each, ten times a second.

import { fact, follow, runs } from './core.js';

let byShot = null;
follow(['run/', 'queue/order', 'project'], document.body, () => { byShot = null }); // before any page draws

/** Another project's run may be of a shot with the same name. */
export const isHere = run => run.path === fact('project')?.path;

/** All that is listed of a shot, in the queue's order. */
export function madeOf(id) {
  if (!byShot) {
    byShot = new Map();
    for (const run of runs()) if (isHere(run)) byShot.has(run.shot) ? byShot.get(run.shot).push(run) : byShot.set(run.shot, [run]);
  }
  return byShot.get(id) ?? [];
}

/** The shots of which more is made than before; null when something else changed, too, and all is to be drawn. */
export function onlyMade(changed) {
  const ids = new Set();
  for (const key of changed) {
    const run = key.startsWith('run/') && fact(key);
    if (!run) return null;
    if (isHere(run)) ids.add(run.shot);
  }
  return ids;
}
