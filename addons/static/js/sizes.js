// A picture's shape and size: shapes as little frames, the sizes of the shape, and any other in numbers.

import { button, fact, h, put, t } from './core.js';

const [WIDE, HIGH] = [34, 24]; // pixels a frame has to be drawn in
const [LEAST, MOST] = [256, 4096];

const value = ratio => { const [a, b] = ratio.split(':').map(Number); return a / b };
const isLike = (width, height, ratio) => Math.abs(width / height / value(ratio) - 1) < 0.03;

function frame(ratio) {
  const shape = value(ratio), wide = Math.min(WIDE, HIGH * shape);
  return h('i.frame', { style: `width:${wide.toFixed(1)}px;height:${(wide / shape).toFixed(1)}px`, 'aria-hidden': 'true' });
}

/** `set(width, height)` is called with what is chosen; `draw(width, height)` shows what is. `value()` is nothing while
 *  what stands there is no size. */
export function sizePicker(set, most = MOST) {
  const shapes = h('div.shapes', { role: 'group', 'aria-label': t('size.shape') }), sizes = h('div.sizes', { role: 'group', 'aria-label': t('size.size') });
  const side = name => h('input', { type: 'number', min: String(LEAST), max: String(most), step: '2', 'aria-label': t(`size.${name}`) });
  const width = side('width'), height = side('height'), said = h('small.problem', { role: 'alert', hidden: true });
  const turn = button('', () => own(Number(height.value), Number(width.value)), { mark: 'turn', title: t('size.turn') });
  let current = [0, 0];

  const all = () => fact('resolutions') ?? [];
  const own = (w, h) => {
    said.hidden = [w, h].every(s => Number.isInteger(s) && s >= LEAST && s <= most);
    put(said, { text: t('size.limits', { least: LEAST, most }) });
    if (said.hidden && (w !== current[0] || h !== current[1])) { draw(w, h); set(w, h) }
  };
  const typed = () => own(Number(width.value), Number(height.value));
  for (const input of [width, height]) {
    input.addEventListener('change', typed);
    input.addEventListener('keydown', event => { if (event.key === 'Enter') typed() });
  }
  const nearest = ratio => all().filter(r => r.ratio === ratio && Math.max(r.width, r.height) <= most)
    .sort((a, b) => Math.abs(a.width * a.height - current[0] * current[1]) - Math.abs(b.width * b.height - current[0] * current[1]))[0];

  function draw(w, h_) {
    if (!said.hidden && w === current[0] && h_ === current[1]) return; // what was typed stands there until it is mended
    current = [w, h_];
    said.hidden = true;
    const ratios = [...new Set(all().map(r => r.ratio))], ratio = ratios.find(r => isLike(w, h_, r));
    const fits = all().filter(r => r.ratio === ratio), is = `${w}x${h_} ${all().length}`;
    put(width, { value: String(w) });
    put(height, { value: String(h_) });
    if (shapes.dataset.is === is) return;
    shapes.dataset.is = is;
    const focused = document.activeElement?.dataset?.choice;
    shapes.replaceChildren(...ratios.map(r => h('button.shape', { type: 'button', 'aria-pressed': String(r === ratio), data: { choice: r }, onclick: () => { const to = nearest(r); own(to.width, to.height) } }, frame(r), h('span', {}, r))));
    sizes.replaceChildren(...fits.map(r => h('button.size', { type: 'button', 'aria-pressed': String(r.width === w && r.height === h_), data: { choice: r.key }, onclick: () => own(r.width, r.height) }, h('b', {}, t(`size.${r.key}`)), h('small', {}, `${r.width} × ${r.height}`))));
    if (focused) [...shapes.children, ...sizes.children].find(b => b.dataset.choice === focused)?.focus();
  }
  return { node: h('div.picker', {}, shapes, h('div.sizing', {}, sizes, h('div.custom', {}, width, h('span', { 'aria-hidden': 'true' }, '×'), height, turn)), said), draw, value: () => said.hidden ? current : null };
}
