// The Test bench: who is tested, the bench as it runs, its report, and the reports before it.

import { act, button, fact, follow, h, icon, isSeen, put, t, tn } from './core.js';
import { drawResults } from './bench_results.js';
import { drawStages, took } from './bench_stages.js';
import { drawReports, when } from './bench_reports.js';
import { copyText } from './copytext.js';
import { offer } from './keys.js';
import { go, here } from './where.js';

let chosen = null; // an older report that is looked at
const isOn = bench => ['running', 'cancelling'].includes(bench.state);

export function mount(place) {
  const images = number('bench.images', 1, 16, 2), seed = number('bench.seed', 0, Number.MAX_SAFE_INTEGER, 1);
  const run = button(t('bench.run'), () => start(images, seed), { kind: 'primary', mark: 'play', key: 'G' });
  const cancel = button(t('cancel'), () => act('bench.cancel'), { mark: 'stop' });
  const who = h('section.who', { 'aria-label': t('bench.who') }), verdict = makeVerdict(), stages = h('ol.stages', { 'aria-label': t('bench.stages') });
  const results = h('aside.results', { 'aria-label': t('bench.results') }), reports = h('section.reports', { 'aria-label': t('bench.reports') });
  const text = h('details.text', { hidden: true }, h('summary', {}, t('bench.asText')), h('pre', { tabindex: '0' }));
  const now = h('div.now', {}, h('div.left', {}, h('section.told', {}, verdict, stages, text), reports), results);
  place.append(h('div.page.bench', {},
    h('header.head', {}, h('h1', {}, t('page.testbench')), h('div.grow'), images.field, seed.field, run, cancel),
    h('div.body', {}, who, now)));

  const draw = () => {
    const live = fact('bench'), shown = chosen ?? live;
    if (!live) return;
    run.hidden = isOn(live);
    cancel.hidden = !isOn(live);
    cancel.disabled = live.state === 'cancelling';
    images.suggest(live.images);
    seed.suggest(live.seed);
    drawVerdict(verdict, shown);
    drawStages(stages, shown);
    drawResults(results, shown);
    now.classList.toggle('is-alone', results.childElementCount === 0);
    text.hidden = !shown.text;
    put(text.lastChild, { text: shown.text ?? '' });
  };
  follow(['bench'], place, changed => {
    if (changed.has('bench') && isOn(fact('bench'))) chosen = null;
    draw();
    if (changed.has('') || changed.has('bench') || changed.has('bench/reports')) list();
  });
  const list = () => drawReports(reports, (chosen ?? fact('bench'))?.id, async id => {
    const report = id === fact('bench').id ? null : await act('bench.report', { id });
    if (report !== undefined && !isOn(fact('bench'))) { chosen = report; draw(); list() }
  });
  verdict.back.onclick = () => { chosen = null; draw(); list() };
  follow(['settings', 'backend', 'connection'], place, () => drawWho(who));
  setInterval(() => { if (here() === 'testbench' && isSeen(place) && fact('bench')?.state === 'running') drawStages(stages, fact('bench')) }, 250);
  offer('testbench', {
    g: { run: () => isOn(fact('bench')) || start(images, seed), label: 'bench.run' },
    c: { run: () => verdict.text && copy(verdict.text, text), label: 'bench.copy' },
  });
}

/** A number asked for in the head; it begins as the last bench had it. */
function number(label, min, max, otherwise) {
  let isTouched = false;
  const input = h('input', { type: 'number', min: String(min), max: String(max), step: '1', value: String(otherwise), required: true, oninput: () => { isTouched = true } });
  return {
    field: h('label', {}, h('span', {}, t(label)), input), input,
    get value() { return input.reportValidity() ? input.valueAsNumber : null },
    suggest(value) { if (!isTouched && value != null) put(input, { value: String(value) }) },
  };
}

function start(images, seed) {
  const asked = { images: images.value, seed: seed.value };
  if (Object.values(asked).every(value => value != null)) act('bench.run', asked);
}

// --- who is tested ----------------------------------------------------------------------------

function drawWho(place) {
  const settings = fact('settings') ?? {}, backend = fact('backend') ?? {}, isDown = backend.up === false;
  const gib = backend.vram_total ? `${(backend.vram_total / (1 << 30)).toFixed(1)} GiB` : '';
  const facts = isDown ? [backend.said] : [backend.address || settings.address, backend.gpu, gib];
  put(place, { 'data-state': backend.up === undefined ? 'unknown' : isDown ? 'down' : 'up' });
  place.replaceChildren(
    h('span.dot', { 'aria-hidden': 'true' }),
    h('div', {}, h('b', {}, backend.name || t(`mode.${settings.mode ?? 'sketch'}`)), h('small', {}, facts.filter(Boolean).join(' · '))),
    h('dl', {}, h('dt', {}, t('bench.keyframes')), h('dd', {}, settings.keyframe_workflow ?? ''), h('dt', {}, t('bench.videos')), h('dd', {}, settings.video_workflow ?? '')),
    button(t('bench.toSettings'), () => go('settings'), { mark: 'settings' }));
}

// --- what came of it --------------------------------------------------------------------------

function makeVerdict() {
  const back = button(t('bench.newest'), null, { kind: 'link' });
  const copied = button(t('bench.copy'), () => copy(box.text, box.parentElement.querySelector('details')), { mark: 'copy', key: 'C' });
  const saved = button(t('bench.save'), () => save(box.text, box.at), { mark: 'down' });
  const box = h('header.verdict', {}, h('span.sign', { 'aria-hidden': 'true' }), h('div', { role: 'status' }, h('h2', {}), h('small', {})),
    back, copied, saved, h('div.bar', { role: 'progressbar', 'aria-valuemin': '0', 'aria-valuemax': '100', 'aria-label': t('page.testbench') }, h('i')));
  return Object.assign(box, { back, copied, saved });
}

function drawVerdict(box, bench) {
  const now = fact('bench/now') ?? {}, failed = bench.stages.filter(stage => stage.state === 'failed');
  const kind = isOn(bench) ? 'running' : bench.state === 'broken' || failed.length ? 'failed' : bench.state === 'done' ? 'ok' : 'waiting';
  const [mark, words, , , , bar] = box.children;
  box.text = bench.text ?? '';
  box.at = bench.at;
  if (box.dataset.kind !== kind) mark.replaceChildren(...({ ok: [icon('check')], failed: [icon('close')] }[kind] ?? []));
  put(box, { 'data-kind': kind });
  put(words.firstChild, { text: said(bench, failed) });
  put(words.lastChild, { text: isOn(bench) ? now.note : about(bench) });
  box.back.hidden = !chosen;
  box.copied.hidden = box.saved.hidden = !bench.text;
  bar.hidden = !isOn(bench);
  put(bar, { 'aria-valuenow': Math.round(100 * (now.fraction ?? 0)) });
  bar.firstChild.style.width = `${100 * (now.fraction ?? 0)}%`;
}

/** The whole bench in one sentence. */
export function said(bench, failed = bench.stages.filter(stage => stage.state === 'failed')) {
  if (bench.state !== 'done') return bench.error || t(`bench.${bench.state}`);
  const good = bench.stages.filter(stage => stage.state === 'ok'), skipped = bench.stages.filter(stage => stage.state === 'skipped');
  const time = took(bench.stages.reduce((sum, stage) => sum + stage.seconds, 0));
  if (failed.length) return t('bench.failed', { n: failed.length, what: failed.map(stage => t(`bench.stage.${stage.name}`)).join(', ') });
  return skipped.length ? t('bench.goodSome', { n: good.length, skipped: skipped.length, time }) : t('bench.goodAll', { n: good.length, time });
}

function about(bench) {
  if (bench.state === 'never') return t('bench.neverHint');
  const { name, address, gpu } = bench.backend ?? {};
  return [when(bench.at), name, address, gpu, tn('bench.asked', bench.images, { seed: bench.seed })].filter(Boolean).join(' · ');
}

const copy = (text, details) => copyText(text, 'bench.copied', details.lastChild);

function save(text, at) {
  const stamp = new Date(at * 1000).toISOString().slice(0, 16).replace(/[T:]/g, '-');
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  h('a', { href: url, download: `cindergrace-testbench-${stamp}.txt` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
