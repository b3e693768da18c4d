// The bench's stages: how each went, what it has to say, what to do where it failed, and its share of the time.

import { button, h, icon, keyed, put, t } from './core.js';
import { go } from './where.js';

const MARKS = { ok: 'check', failed: 'close', cancelled: 'stop' };
const IN_SETTINGS = ['connect', 'nodes', 'models', 'images', 'clip']; // stages that other settings may mend

export const took = s => s < 0.1 ? `${Math.round(1000 * s)} ms` : `${s.toFixed(s < 10 ? 2 : 1)} s`;

export function drawStages(list, bench) {
  const spent = stage => stage.seconds || (stage.began ? Math.max(0, Date.now() / 1000 - stage.began) : 0);
  const whole = bench.stages.reduce((sum, stage) => sum + spent(stage), 0) || 1;
  let before = 0;
  const rows = bench.stages.map(stage => {
    const start = before;
    before += spent(stage);
    return { ...stage, took: spent(stage), from: start / whole, share: spent(stage) / whole };
  });
  keyed(list, rows, stage => stage.name, make, update);
}

function make(stage) {
  return h('li', {}, h('span.sign', { role: 'img' }), h('b', {}, t(`bench.stage.${stage.name}`)), h('div.detail', {}, h('p', {}), h('div.next', { hidden: true })),
    h('div.share', { 'aria-hidden': 'true' }, h('i')), h('output', {}));
}

function update(row, stage) {
  const [mark, , detail, share, time] = row.children;
  const isFailed = stage.state === 'failed', lacking = isFailed && stage.name === 'models' ? lackingModels(stage) : [];
  if (row.dataset.state !== stage.state) {
    mark.replaceChildren(...(MARKS[stage.state] ? [icon(MARKS[stage.state])] : []));
    put(mark, { 'aria-label': t(`bench.state.${stage.state}`), title: t(`bench.state.${stage.state}`) });
  }
  put(row, { 'data-state': stage.state, 'data-stage': stage.name });
  put(detail.firstChild, { text: lacking.length ? t('bench.lacking') : stage.detail, title: isFailed ? null : stage.detail || null });
  drawNext(detail.lastChild, stage, lacking, isFailed);
  put(time, { text: stage.took && ['ok', 'failed', 'running'].includes(stage.state) ? took(stage.took) : '' });
  share.firstChild.style.cssText = `left:${100 * Math.min(stage.from, 0.99)}%;width:${100 * stage.share}%`;
}

/** The next step beside what failed: model files with the folder each belongs in, and where to change it. */
function drawNext(place, stage, lacking, isFailed) {
  const is = isFailed ? JSON.stringify([stage.name, lacking]) : '';
  if (place.dataset.is === is) return;
  place.dataset.is = is;
  place.hidden = !is;
  place.replaceChildren(...[
    lacking.length > 0 && h('ul', {}, lacking.map(([flow, file]) => h('li', {}, h('code', {}, file), h('small', {}, flow)))),
    isFailed && IN_SETTINGS.includes(stage.name) && button(t(`bench.next.${stage.name}`), () => go('settings'), { kind: 'link' }),
  ].filter(Boolean));
}

function lackingModels(stage) {
  return Object.entries(stage.facts ?? {}).flatMap(([flow, models]) => models.filter(model => model.is_there === false).map(model => [flow, `models/${model.folder}/${model.file}`]));
}
