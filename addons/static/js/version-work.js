// What is done to a version: how far it is, and what came of it.

import { act, button, clock, fact, h, keyed, percent, put, t } from './core.js';
import { bytes } from './disk.js';

const GOES_ON = ['resolve', 'realize', 'reproduce']; // what a second attempt takes up where the first ended

export const isAtWork = () => ['running', 'cancelling'].includes(fact('version/work')?.state);

export function makeWork() {
  const title = h('b'), note = h('small'), time = h('small.time'), bar = h('div.bar', { role: 'progressbar', 'aria-valuemin': '0', 'aria-valuemax': '100', 'aria-label': t('versions.work') }, h('i'));
  const cancel = button(t('cancel'), () => act('version.cancel'), { mark: 'stop' }), again = button(t('versions.again'), () => goOn(), { mark: 'again' }), mend = button(t('versions.mend'), () => goOn('realize'), { mark: 'download', title: t('versions.realize.hint') });
  const sweep = button(t('versions.collect.now'), () => act('version.collect', { is_dry: false }), { mark: 'bin', kind: 'danger' });
  const close = button('', () => act('version.dismiss', { number: fact('version/work').number }), { mark: 'close', kind: 'ghost', title: t('close') });
  const said = h('ul.said', { tabindex: '0' }), wrong = h('ul.wrong', { tabindex: '0' }), log = h('details.log', {}, h('summary', {}, t('versions.log')), h('pre', { tabindex: '0' }));
  const place = h('section.work', { role: 'status', 'aria-label': t('versions.work') }, h('header', {}, h('div.what', {}, title, note), time, again, mend, sweep, cancel, close), bar, wrong, said, log);
  let ticking = null;

  function draw() {
    const work = fact('version/work');
    place.hidden = !work;
    if (!work) { clearInterval(ticking); ticking = null; return }
    const isOn = isAtWork();
    put(place, { 'data-state': work.state });
    put(title, { text: isOn || work.state === 'cancelled' ? t(`versions.doing.${work.deed}`, work) : work.error || outcome(work) });
    put(note, { text: isOn ? (work.state === 'cancelling' ? t('versions.cancelling') : work.note) : work.state === 'cancelled' ? t('versions.cancelled') : '' });
    put(bar, { 'aria-valuenow': Math.round(100 * work.fraction) });
    bar.hidden = !isOn;
    bar.firstChild.style.width = percent(work.fraction);
    cancel.hidden = !isOn;
    cancel.disabled = work.state === 'cancelling';
    again.hidden = isOn || work.state === 'done' || !GOES_ON.includes(work.deed);
    mend.hidden = !(work.state === 'failed' && work.deed === 'verify');
    sweep.hidden = !(work.state === 'done' && work.deed === 'collect' && work.outcome.is_dry && work.outcome.bytes);
    close.hidden = isOn;
    keyed(said, [...new Set([...work.said, ...work.outcome.changes ?? []])].filter(line => line !== work.error), line => line, line => h('li', {}, line));
    keyed(wrong, work.differences.filter(line => !work.error.includes(line)), line => line, line => h('li', {}, line));
    log.hidden = !work.log.length;
    put(log.lastChild, { text: work.log.join('\n') });
    drawTime(work, isOn);
  }

  function drawTime(work, isOn) {
    time.hidden = !isOn;
    const gone = Math.max(0, Date.now() / 1000 - work.began), left = gone > 3 && work.fraction > .02 && gone / work.fraction - gone;
    if (isOn) put(time, { text: [percent(work.fraction), left ? t('dock.left', { time: clock(left) }) : clock(gone)].join(' · ') });
    if (isOn) ticking ??= setInterval(() => drawTime(fact('version/work'), isAtWork()), 1000);
    else { clearInterval(ticking); ticking = null }
  }
  return { place, draw };
}

function goOn(next = '') {
  const { deed, id, torch } = fact('version/work');
  act(`version.${next || deed}`, { id, ...torch != null && { torch } });
}

function outcome({ deed, id, outcome: made }) {
  const size = made.bytes != null && bytes(made.bytes);
  switch (deed) {
    case 'resolve': return t(made.changes?.length === 0 ? 'versions.done.resolve.same' : made.changes ? 'versions.done.resolve.changes' : 'versions.done.resolve', { id });
    case 'realize': return t(made.is_new ? 'versions.done.realize' : 'versions.done.realize.same', { id });
    case 'verify': return t(made.is_deep ? 'versions.done.verify.deep' : 'versions.done.verify', { id });
    case 'delete': return made.kept?.length ? t('versions.done.delete.kept', { id, kept: made.kept.join(', ') }) : t('versions.done.delete', { id });
    case 'collect': return !made.is_dry ? t('versions.done.collect', { size }) : made.bytes ? t('versions.done.collect.dry', { size }) : t('versions.done.collect.none');
    default: return t(`versions.done.${deed}`, { id });
  }
}
