// Two pictures, one over the other, with a line to draw across.

import { button, h, t } from './core.js';
import { dialog } from './dialogs.js';
import { label, pick, takeUrl } from './takes.js';

export function compare(left, right) {
  const over = h('img', { src: takeUrl(left, 0), alt: label(left) }), under = h('img', { src: takeUrl(right, 0), alt: label(right) });
  const line = h('input', { type: 'range', min: '0', max: '100', step: '0.1', value: '50', 'aria-label': t('compare.line') });
  const frame = h('div.compare', {}, under, over, h('i'), line);
  const draw = () => frame.style.setProperty('--at', `${line.value}%`);
  line.addEventListener('input', draw);
  draw();
  const choose = take => button(t('compare.pick', { take: label(take) }), () => { pick(take); box.close() }, { mark: 'check' });
  const box = dialog(t('compare.title', { left: label(left), right: label(right) }), frame, h('div.deeds', {}, choose(left), choose(right)));
  box.box.classList.add('wide');
  line.focus();
}
