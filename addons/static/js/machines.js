// Machines: the pods of the account, the one that draws, and what they cost.

import { act, button, clock, fact, follow, h, keyed, put, t, tn } from './core.js';
import { dialog } from './dialogs.js';
import { makeEndpoint } from './endpoint.js';
import { makeLanes } from './lanes.js';
import { followMoney, dollars, panel } from './money.js';
import { newPod } from './newpod.js';
import { draws, remedy } from './remedies.js';
import { go } from './where.js';

const PHASES = ['machine', 'container', 'proxy', 'comfyui', 'models'];
const MARKS = { start: 'play', stop: 'stop', restart: 'again' };

export function mount(place) {
  const count = h('small.count'), said = h('p.problem', { role: 'status' });
  const tools = [button(t('machines.look'), () => act('pod.look'), { mark: 'again' }), button(t('machines.new'), newPod, { mark: 'plus', kind: 'primary' })];
  const start = h('section.starting', { 'aria-label': t('machines.starting') }, h('b'), h('ol', {}, PHASES.map(name => h('li', { data: { phase: name } }, t(`machines.phase.${name}`)))), h('small'));
  const ill = h('section.doctor', { role: 'status' }, h('p'), h('div'));
  const lacks = h('details.lacks', {}, h('summary', {}, t('machines.lacks')), h('p'));
  const rows = h('ul.pods', { 'aria-label': t('machines.pods') }), making = h('p.making', { role: 'status' });
  const blank = h('div.empty', {}, h('b', {}, t('machines.nokey')), h('p', {}, t('machines.nokey.how')), button(t('machines.nokey.go'), () => go('settings'), { kind: 'primary' }));
  const none = h('div.empty', {}, h('b', {}, t('machines.none')), h('p', {}, t('machines.none.how')));
  const log = h('section.log', { hidden: true }, h('header', {}, h('h2'), h('div.grow'), button('', () => { closedLog = fact('pod/log')?.number ?? 0; draw() }, { mark: 'close', kind: 'ghost', title: t('close') })), h('pre', { tabindex: '0' }));
  const purse = panel(), lanes = makeLanes(), endpoint = makeEndpoint();
  place.append(h('div.page.machines', {}, h('header.head', {}, h('h1', {}, t('page.machines')), count, h('div.grow'), tools),
    h('div.body', {}, said, ill, endpoint.place, start, lacks, making, rows, none, blank, log, lanes.place), purse.place));

  function draw() {
    const pods = fact('pods') ?? {}, list = (pods.list ?? []).filter(pod => pod.state !== 'gone');
    for (const tool of tools) tool.hidden = !pods.has_key;
    const isServerless = fact('settings')?.mode === 'serverless'; // the page is not empty then
    blank.hidden = fact('pods') === null || pods.has_key || isServerless;
    none.hidden = !pods.has_key || !!list.length || !!pods.said || isServerless;
    put(count, { text: list.length ? tn('machines.count', list.length) : '' });
    put(said, { text: pods.said ? t('machines.old', { said: pods.said }) : '' });
    keyed(rows, list.sort((a, b) => b.is_ours - a.is_ours || a.name.localeCompare(b.name)), pod => pod.id, makeRow, updateRow);
    const lack = fact('pod/lacks');
    lacks.hidden = !(lack?.said && draws(lack.pod) && lack.project === fact('project')?.path);
    if (!lacks.hidden) put(lacks.lastChild, { text: lack.said });
    drawStart(start);
    drawIllness(ill);
    const made = fact('pods/making');
    put(making, { text: made ? t('machines.making', { name: made.name, said: made.said }) : '', 'data-kind': made?.is_bad ? 'bad' : '' });
    drawLog(log, list);
  }
  follow(['pods', 'pod/', 'settings', 'doctor', 'backend', 'project'], place, draw);
  follow(['lanes', 'settings', 'pods'], place, lanes.draw);
  follow(['backend', 'settings'], place, endpoint.draw);
  follow(['told'], place, endpoint.refused);
  followMoney(place, purse.draw);
  setInterval(() => place.offsetParent && fact('pods')?.list?.length && draw(), 5000); // uptimes and times so far
}

let closedLog = 0; // the number of the answer that was closed

function drawLog(place, list) {
  const log = fact('pod/log');
  place.hidden = !log || log.number <= closedLog;
  if (place.hidden) return;
  put(place.querySelector('h2'), { text: t('machines.log', { name: list.find(pod => pod.id === log.pod)?.name ?? log.pod }) });
  put(place.querySelector('pre'), { text: log.said || (log.lines ? log.lines.join('\n') || t('machines.log.empty') : t('machines.log.asking')) });
}

function drawStart(place) {
  const start = fact('pod/start');
  place.hidden = !start;
  if (!start) return;
  const [name, phases, times] = place.children, at = PHASES.indexOf(start.phase), took = Math.max(0, Date.now() / 1000 - start.since);
  put(name, { text: t('machines.starts', { name: start.name }) });
  [...phases.children].forEach((phase, n) => put(phase, { 'data-state': n < at ? 'done' : n === at ? 'now' : 'later', 'aria-current': n === at ? 'step' : null }));
  put(times, { text: start.usual ? t('machines.took.usual', { time: clock(took), usual: clock(start.usual) }) : t('machines.took', { time: clock(took) }) });
}

function drawIllness(place) {
  const found = remedy();
  place.hidden = !found || Boolean(fact('pod/start') && !found.button); // while it starts, only what needs a hand
  if (place.hidden) return;
  put(place.firstChild, { text: found.said });
  if (place.dataset.key !== found.key) { place.dataset.key = found.key; place.lastChild.replaceChildren(...[found.button].filter(Boolean)) }
}

function makeRow(pod) {
  const order = action => act('pod.order', { id: pod.id, action });
  const deeds = h('div.do', {},
    button(t('machines.use'), () => act('pod.use', { id: pod.id }), { 'data-do': 'use' }),
    button('', () => act('machine.add', { machine: pod.id }), { mark: 'plus', title: t('machines.also'), 'data-do': 'also' }),
    ...Object.entries(MARKS).map(([action, mark]) => button(action === 'restart' ? '' : t(`machines.${action}`), () => order(action), { mark, title: t(`machines.${action}`), 'data-do': action })),
    button('', () => act('pod.log', { id: pod.id }), { mark: 'pages', title: t('machines.showLog'), 'data-do': 'log' }),
    button('', () => terminate(pod.id), { mark: 'bin', kind: 'danger', title: t('machines.terminate'), 'data-do': 'terminate' }));
  return h('li.pod', {}, h('span.dot'), h('div.what', {}, h('b'), h('small')), h('span.state'), h('span.up'), h('span.price'), deeds, h('div.why', {}, h('p'), button('', () => act('pod.forget', { id: pod.id }), { mark: 'close', kind: 'ghost', title: t('close') })));
}

function updateRow(row, pod) {
  const [, what, state, up, price, deeds, why] = row.children, order = fact('pods/orders')?.[pod.id];
  const isChosen = fact('settings')?.mode === 'runpod' && fact('settings')?.pod_id === pod.id;
  put(row, { 'data-state': pod.state, 'data-chosen': isChosen });
  put(what.firstChild, { text: pod.name || pod.id });
  put(what.lastChild, { text: [pod.gpu.replace(/^NVIDIA (GeForce )?/, ''), pod.gpus > 1 && `× ${pod.gpus}`, pod.data_centre, pod.id].filter(Boolean).join(' · ') });
  put(state, { text: order && !order.said ? t(`machines.doing.${order.action}`) : t(`machines.state.${pod.state}`) });
  put(up, { text: pod.since == null ? '' : t('machines.up', { time: clock(Math.max(0, Date.now() / 1000 - pod.since) / 60) }) });
  put(price, { text: pod.price ? t('money.perHour', { amount: dollars(pod.price) }) : '' });
  put(why.firstChild, { text: order?.said ? t(`machines.refused.${order.action}`, { said: order.said }) : '' });
  why.hidden = !order?.said;
  for (const button of deeds.children) {
    const deed = button.dataset.do;
    if (deed === 'use') { button.hidden = isChosen; continue }
    if (deed === 'also') { button.hidden = isChosen || !['local', 'runpod'].includes(fact('settings')?.mode) || draws(pod.id); continue }
    if (deed !== 'log') button.hidden = !pod.can.includes(deed);
    put(button, { disabled: !!order && !order.said });
  }
}

/** Asks twice: first what goes, then for the pod's name. */
function terminate(id) {
  const pod = fact('pods')?.list.find(pod => pod.id === id);
  if (!pod) return;
  const asked = pod.name.trim() || pod.id;
  const name = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', 'aria-label': t('machines.terminate.name') });
  const sure = button(t('machines.terminate'), () => { shown.close(); act('pod.order', { id, action: 'terminate' }) }, { kind: 'danger', disabled: true });
  name.addEventListener('input', () => put(sure, { disabled: name.value.trim() !== asked }));
  const shown = dialog(t('machines.terminate.title', { name: asked }), h('p', {}, t(pod.network_volume ? 'machines.terminate.kept' : 'machines.terminate.lost')),
    h('label.field', {}, h('span', {}, t('machines.terminate.type', { name: asked })), name), h('div.deeds.end', {}, button(t('cancel'), () => shown.close(), {}), sure));
  shown.box.classList.add('narrow');
  name.focus();
}
