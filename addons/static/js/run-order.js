// Putting what waits into another order: by dragging rows, or a row at a time with the keyboard.

import { act, runs } from './core.js';

const waiting = () => runs().filter(run => run.state === 'waiting').map(run => run.id);
const move = (id, before) => act('run.move', { id, before });

/** Make it the next one. */
export const moveFirst = id => move(id, waiting()[0]);

/** So many places up or down; returns its new place and how many wait. */
export function moveBy(id, by) {
  const ids = waiting(), rest = ids.filter(other => other !== id);
  const at = Math.max(0, Math.min(rest.length, ids.indexOf(id) + by));
  if (rest.length === at ? ids.at(-1) === id : ids[at] === id) return null;
  move(id, rest[at] ?? null);
  return [at + 1, ids.length];
}

/** Rows are dragged to another place; a line shows where they would go. */
export function dragRows(place) {
  let dragged = null;
  const over = event => {
    const row = event.target.closest('.run');
    if (!row) return null;
    const box = row.getBoundingClientRect();
    return { row, isAfter: event.clientY > box.top + box.height / 2 };
  };
  const clear = () => place.querySelectorAll('.drop-above, .drop-below').forEach(row => row.classList.remove('drop-above', 'drop-below'));
  place.addEventListener('dragstart', event => {
    dragged = event.target.closest('.run');
    event.dataTransfer.effectAllowed = 'move';
    event.dataTransfer.setData('text/plain', dragged.querySelector('.what').textContent);
    dragged.classList.add('is-dragged');
  });
  place.addEventListener('dragend', () => { dragged?.classList.remove('is-dragged'); dragged = null; clear() });
  place.addEventListener('dragover', event => {
    if (!dragged) return;
    event.preventDefault();
    clear();
    const at = over(event);
    at?.row.classList.add(at.isAfter ? 'drop-below' : 'drop-above');
  });
  place.addEventListener('drop', event => {
    const at = over(event);
    if (!dragged || !at || at.row === dragged) return;
    event.preventDefault();
    const ids = waiting().filter(id => id !== dragged.run.id);
    move(dragged.run.id, ids[ids.indexOf(at.row.run.id) + (at.isAfter ? 1 : 0)] ?? null);
  });
}
