// A new pod: which GPUs would do, in the order they are asked for, and where its files lie.

import { act, ask, fact, follow, h, put, t } from './core.js';
import { form, labelled } from './dialogs.js';
import { dollars } from './money.js';

export function newPod() {
  const name = h('input', { type: 'text', autocomplete: 'off', maxlength: '60', value: 'cindergrace' });
  const cloud = h('select', {}, ['SECURE', 'COMMUNITY'].map(one => h('option', { value: one }, t(`newpod.cloud.${one}`))));
  const gpus = h('div.gpus', { role: 'group', 'aria-label': t('newpod.gpus') }), said = h('p.quiet');
  const volume = h('input', { type: 'number', min: '0', max: '4096', value: '60' }), network = h('select');
  const chosen = new Set();
  cloud.addEventListener('change', () => act('pod.offers', { cloud: cloud.value }));
  network.addEventListener('change', () => { volume.disabled = !!network.value });
  const shown = form(t('newpod.title'), t('newpod.make'), [
    labelled(t('newpod.name'), name), labelled(t('newpod.cloud'), cloud),
    h('div.field', {}, h('span', {}, t('newpod.gpus')), gpus, said),
    h('div.row', {}, labelled(t('newpod.network'), network), labelled(t('newpod.volume'), h('span.unit', { 'data-unit': 'GB' }, volume))),
    h('p.quiet', {}, t('newpod.hint'))], async () => {
    const found = fact('pods/offers')?.volumes?.find(one => one.id === network.value);
    await ask('pod.make', { name: name.value.trim(), gpus: [...chosen], cloud: cloud.value, files: found ? { network: found.id, data_centre: found.data_centre } : { volume: Math.round(Number(volume.value || 0)) } });
  });
  const draw = () => {
    const offers = fact('pods/offers');
    const isThese = offers?.cloud === cloud.value;
    put(said, { text: !isThese ? t('newpod.asking') : offers.said || (chosen.size > 1 ? t('newpod.order', { names: [...chosen].map(id => nameOf(id)).join(', ') }) : '') });
    if (!isThese || gpus.dataset.of === JSON.stringify(offers)) return;
    gpus.dataset.of = JSON.stringify(offers);
    for (const id of [...chosen]) if (!offers.list.some(one => one.id === id && one.is_there)) chosen.delete(id);
    if (!chosen.size) { const first = offers.list.find(one => one.is_there && one.memory >= 24); if (first) chosen.add(first.id) }
    gpus.replaceChildren(...offers.list.map(one => choice(one, chosen, draw)));
    network.replaceChildren(h('option', { value: '' }, t('newpod.own')), ...offers.volumes.map(one => h('option', { value: one.id }, `${one.name} · ${one.size} GB · ${one.data_centre}`)));
  };
  shown.box.classList.add('always'); // fixed, so it would not count as seen
  follow(['pods/offers'], shown.box, draw);
  act('pod.offers', { cloud: cloud.value });
  draw();
}

const nameOf = id => fact('pods/offers')?.list.find(one => one.id === id)?.name ?? id;

function choice(offer, chosen, draw) {
  const tick = h('input', { type: 'checkbox', checked: chosen.has(offer.id), disabled: !offer.is_there });
  tick.addEventListener('change', () => { tick.checked ? chosen.add(offer.id) : chosen.delete(offer.id); draw() });
  return h('label.gpu', { data: { there: offer.availability.toLowerCase() } }, tick, h('b', {}, offer.name), h('small', {}, `${offer.memory} GB`),
    h('small.stock', {}, t(`newpod.stock.${['HIGH', 'MEDIUM', 'LOW'].includes(offer.availability) ? offer.availability : 'NONE'}`)), h('span', {}, offer.price ? t('money.perHour', { amount: dollars(offer.price) }) : ''));
}
