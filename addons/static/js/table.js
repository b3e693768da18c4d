// The light table: all takes of all shots. Only rows near the window hold pictures, so thousands cost little.

import { h, keyed, put, shot, shots } from './core.js';
import { makeTake, picturesOf, updateTake } from './takes.js';

const NEAR = '900px'; // how far beyond the window a row is filled

export function makeTable(place, open) {
  const watcher = new IntersectionObserver(seen => {
    for (const { target, isIntersecting } of seen) { target.isNear = isIntersecting; fill(target) }
  }, { root: place, rootMargin: `${NEAR} 0px` });

  const make = s => {
    const row = h('section', { data: { shot: s.id } }, h('button', { type: 'button', onclick: () => open(s.id) }, h('b', {}, s.id), h('small', {})), h('div.takes'));
    watcher.observe(row);
    return row;
  };
  return () => keyed(place, shots(), s => s.id, make, (row, s) => {
    put(row.firstChild.lastChild, { text: s.label || s.prompt });
    if (row.isNear) fill(row);
  });
}

function fill(row) {
  const takes = row.lastChild;
  if (!row.isNear) {
    row.style.minHeight = `${row.offsetHeight}px`; // as high as with its pictures, so that nothing jumps
    takes.replaceChildren();
    takes.keyedNodes = null;
    return;
  }
  keyed(takes, picturesOf(shot(row.dataset.shot)), take => take.name, makeTake, updateTake);
  row.style.minHeight = '';
}
