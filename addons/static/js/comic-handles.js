// Balloons of the selected panel, to be moved by hand: the balloon itself, and where its tail ends.

import { act, ask, h, keyed, t } from './core.js';
import { comic, panel, placesOf } from './comic-facts.js';

const STEP = 2; // percent of the panel that an arrow key moves

/** Handles for the selected panel's balloons, where they stand on the page now. */
export async function drawHandles(place, page, current) {
  const id = page.panels.includes(current) ? current : '', is = id && panel(id)?.lines.length ? `${id} ${page.stamp}` : '';
  if (place.dataset.is === is) return;
  place.dataset.is = is;
  const found = is && await ask('comic.places', { page: page.id }).catch(() => null);
  if (place.dataset.is !== is) return; // another panel is selected by now
  if (found === null) place.dataset.is = ''; // asked again when anything is drawn
  const box = placesOf(page.layout, comic().is_rtl)[page.panels.indexOf(id)];
  const handles = (found?.[id] ?? []).flatMap(({ line, rect: [x, y, width, height], tip }) => [
    { line, part: 'at', middle: [x + width / 2, y + height / 2], size: [width, height] }, tip && { line, part: 'tail', middle: tip }]).filter(Boolean);
  keyed(place, handles, one => `${id} ${one.part} ${one.line}`, one => makeHandle(id, one), (node, one) => node.stand(box, one));
}

function makeHandle(id, { line, part }) {
  const name = t(`comic.handle.${part}`, { n: line + 1 });
  const node = h(`button.handle.${part}`, { type: 'button', title: `${name}. ${t('comic.handle.hint')}`, 'aria-label': name });
  let box = [0, 0, 100, 100], middle = [0, 0], from = null, at = null; // in percent of the page
  const show = ([x, y]) => Object.assign(node.style, { left: `${x}%`, top: `${y}%` });
  const share = (value, start, length) => Math.min(100, Math.max(0, 100 * (value - start) / length));
  const within = ([x, y]) => [Math.min(box[0] + box[2], Math.max(box[0], x)), Math.min(box[1] + box[3], Math.max(box[1], y))];
  const put = async spot => { // at once where it is put: the next key goes on from there
    const was = middle;
    if (spot) show(middle = within(spot));
    const step = await act('comic.place', { panel: id, number: line, part, spot: spot && [share(middle[0], box[0], box[2]), share(middle[1], box[1], box[3])] });
    if (step === undefined) show(middle = was);
  };
  node.stand = (its, one) => {
    [box, middle] = [its, one.middle];
    if (one.size) Object.assign(node.style, { width: `${one.size[0]}%`, height: `${one.size[1]}%` });
    if (!from) show(middle); // not under the artist's hand
  };
  node.addEventListener('mousedown', event => { event.preventDefault(); node.focus() }); // else the browser drags what lies below
  node.addEventListener('pointerdown', event => { from = [event.clientX, event.clientY]; at = null; node.setPointerCapture(event.pointerId); node.classList.add('is-held') });
  node.addEventListener('pointermove', event => {
    if (!from) return;
    const paper = node.parentNode.getBoundingClientRect();
    at = [middle[0] + 100 * (event.clientX - from[0]) / paper.width, middle[1] + 100 * (event.clientY - from[1]) / paper.height];
    show(at);
  });
  const drop = isMeant => {
    const isMoved = isMeant && at && Math.hypot(at[0] - middle[0], at[1] - middle[1]) > 0.3;
    from = null;
    node.classList.remove('is-held');
    isMoved ? put(at) : show(middle);
  };
  node.addEventListener('pointerup', () => drop(true));
  node.addEventListener('pointercancel', () => drop(false));
  node.addEventListener('dblclick', event => { event.stopPropagation(); put(null) });
  node.addEventListener('keydown', event => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!by && event.key !== 'Delete') return;
    event.preventDefault();
    event.stopPropagation();
    put(by ? [middle[0] + by[0] * STEP * box[2] / 100, middle[1] + by[1] * STEP * box[3] / 100] : null);
  });
  return node;
}
