// The light table: all takes of all shots. Only rows near the window hold pictures, so thousands cost little.

import { h, keyed, put, shot, shots, t } from './core.js';
import { makeTake, picturesOf, updateTake } from './takes.js';

const NEAR = '900px'; // how far beyond the window a row is filled

export function makeTable(place, open) {
  const watcher = new IntersectionObserver(seen => {
    for (const { target, isIntersecting } of seen) target.isNear = isIntersecting;
    const left = seen.map(one => one.target).filter(row => !row.isNear && row.isFilled);
    const heights = left.map(row => row.offsetHeight); // all at once: read between changes, each would lay out the page
    left.forEach((row, n) => empty(row, heights[n]));
    for (const { target } of seen) if (target.isNear) fill(target);
  }, { root: place, rootMargin: `${NEAR} 0px` });

  const make = s => {
    const row = h('section', { data: { shot: s.id } }, h('button', { type: 'button', onclick: () => open(s.id) }, h('b', {}, s.id), h('small', {})), h('div.takes', { role: 'listbox', 'aria-label': t('keyframes.takesOf', { shot: s.id }) }));
    watcher.observe(row);
    return row;
  };
  return () => keyed(place, shots(), s => s.id, make, (row, s) => {
    put(row.firstChild.lastChild, { text: s.label || s.prompt });
    if (row.isNear) fill(row);
  });
}

function empty(row, height) {
  row.isFilled = false;
  row.style.minHeight = `${height}px`; // as high as with its pictures, so that nothing jumps
  row.lastChild.replaceChildren();
  row.lastChild.keyedNodes = null;
}

function fill(row) {
  row.isFilled = true;
  keyed(row.lastChild, picturesOf(shot(row.dataset.shot)), take => take.name, makeTake, (node, take) => updateTake(node, take, { isSelected: take.isPicked }));
  row.style.minHeight = '';
}
