// One take used in other shots: what they refer to, begin with or end on.

import { ask, h, keyframeUrl, notice, openProject, shots, t, thumbUrl } from './core.js';
import { form } from './dialogs.js';
import { takeBack } from './undoing.js';

const USES = ['references', 'start_image', 'end_image'];

export function useElsewhere(take) {
  const how = { project: openProject() }, order = shots(), next = order[order.findIndex(s => s.id === take.shot) + 1];
  const uses = USES.map(use => h('label.tick', {}, h('input', { type: 'radio', name: 'use', value: use, checked: use === 'start_image' }), h('span', {}, t(`field.${use}`))));
  const ticks = order.map(s => h('input', { type: 'checkbox', value: s.id, checked: s === next }));
  const cards = order.map((s, n) => h('label.where', { title: s.label || s.prompt }, ticks[n],
    s.key ? h('img', { src: keyframeUrl(s, 160), alt: '', loading: 'lazy', decoding: 'async' }) : h('span.none', {}), h('b', {}, s.id), h('small', {}, s.label || s.prompt)));
  const body = h('div.elsewhere', {}, h('div.what', {}, h('img', { src: thumbUrl(`takes/${take.file}`, take.stamp, 320), alt: '' }),
    h('div', { role: 'radiogroup', 'aria-label': t('elsewhere.as') }, uses)), h('fieldset.wheres', {}, h('legend', {}, t('elsewhere.shots')), cards));
  const { box } = form(t('elsewhere.title'), t('elsewhere.use'), body, async () => {
    const field = uses.map(label => label.firstChild).find(radio => radio.checked).value, ids = ticks.filter(tick => tick.checked).map(tick => tick.value);
    if (!ids.length) return false;
    const step = await ask('take.use', { take: take.file, shots: ids, field }, how);
    notice(t('elsewhere.used', { what: t(`field.${field}`), shots: ids.join(', ') }), '', step ? takeBack(step) : null);
  });
  box.querySelector('.where:has(:checked)')?.scrollIntoView({ block: 'nearest' });
}
