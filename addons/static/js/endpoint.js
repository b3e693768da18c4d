// The serverless endpoint that draws: what it is and costs, its workers by state, what waits there.

import { act, fact, h, put, t, tn } from './core.js';
import { dollars } from './money.js';

const STATES = { running: 'running', starting: 'initializing', idle: 'idle', throttled: 'throttled', unhealthy: 'unhealthy' }; // as RunPod calls them
const SLOTS = 60;

/** What was last seen of the endpoint that draws; nothing where another one, or none, was looked at. */
export function endpoint() {
  const settings = fact('settings') ?? {}, seen = fact('backend')?.serverless;
  if (settings.mode !== 'serverless') return null;
  return seen?.endpoint.id === settings.endpoint ? seen : { endpoint: { id: settings.endpoint, name: '', gpu: '', gpus: 1, workers_max: null, price: 0 }, workers: null, worker: null };
}

export const gpuOf = ({ gpu, gpus }) => gpu && [gpu.replace(/^NVIDIA (GeForce )?/, ''), gpus > 1 && `× ${gpus}`].filter(Boolean).join(' ');

/** Who works there, as it told itself with its last job. */
export function workerSaid(worker) {
  if (!worker) return t('endpoint.worker.unknown');
  if (!Object.keys(worker).length) return t('endpoint.worker.public');
  return worker.name === 'cindergrace' ? t('endpoint.worker.own', { version: worker.version }) : `${worker.name} ${worker.version}`;
}

/** What it said of itself when it was asked. */
export function aboutSaid(about) {
  if (!about?.worker.name) return about ? workerSaid({}) : '';
  const results = about.delivery === 'base64' ? t('endpoint.results.inline', { size: Math.round(about.most / (1 << 20)) }) : t('endpoint.results.bucket', { name: about.delivery.toUpperCase() });
  return [workerSaid(about.worker), about.server, about.gpu.replace(/^NVIDIA (GeForce )?/, ''), results, `${tn('endpoint.nodes', about.nodes)}, ${tn('settings.flow.models', about.models)}`].filter(Boolean).join(' · ');
}

/** Whether that one answered last as well. */
const isAbout = ({ about, worker }) => about && about.worker.name === worker?.name && about.worker.version === worker?.version;

/** Its workers in words, those that there are; what limits it as well. */
export function workersSaid({ endpoint: { workers_max: most }, workers }) {
  const there = Object.entries(STATES).filter(([, word]) => workers?.[word]).map(([name, word]) => `${workers[word]} ${t(`endpoint.state.${name}`)}`);
  return [there.join(', ') || (workers ? t('endpoint.workers.none') : ''), most != null && tn('endpoint.most', most)].filter(Boolean).join(' · ');
}

export function makeEndpoint() {
  const most = h('input', { type: 'number', min: '1', max: String(SLOTS), step: '1', name: 'workers-most', 'aria-label': t('endpoint.most.label') });
  let wished = null; // asked for, and not seen yet
  most.addEventListener('change', () => {
    const wish = Math.round(Number(most.value));
    wished = wish;
    act('endpoint.raise', { most: wish }).then(answer => { if (answer === undefined) { wished = null; draw() } });
  });
  const slots = h('div.slots', { 'aria-hidden': 'true' }), states = h('ul.states', { 'aria-label': t('endpoint.workers') }, Object.keys(STATES).map(name => h('li', { data: { state: name } }, h('b'), ' ', t(`endpoint.state.${name}`))));
  const row = (name, ...what) => h('div', { data: { about: name } }, h('dt', {}, t(`endpoint.${name}`)), h('dd', {}, ...what));
  const jobs = row('jobs'), worker = row('worker');
  const limit = row('most.label', h('span.most', {}, most), h('small'));
  const place = h('section.endpoint', { 'aria-label': t('endpoint.title') },
    h('header', {}, h('span.dot'), h('div.what', {}, h('b'), h('small')), h('div.price', {}, h('b'), h('small', {}, t('endpoint.price.hint')))),
    h('div.workers', {}, slots, states), h('dl', {}, limit, jobs, worker));

  function draw() {
    const seen = endpoint();
    place.hidden = !seen;
    if (!seen) return;
    const about = seen.endpoint, backend = fact('backend') ?? {}, workers = seen.workers, [, what, price] = place.firstChild.children;
    put(place, { 'data-state': !workers ? 'unknown' : backend.up === false ? 'down' : workers.running ? 'busy' : 'up' });
    put(what.firstChild, { text: about.name || about.id });
    put(what.lastChild, { text: [gpuOf(about), about.name && about.id].filter(Boolean).join(' · ') });
    put(price.firstChild, { text: about.price ? t('endpoint.price', { amount: dollars(about.price) }) : '' });
    price.hidden = !about.price;
    place.children[1].hidden = !workers;
    for (const state of states.children) {
      const count = workers?.[STATES[state.dataset.state]] ?? 0;
      put(state, { 'data-none': !count });
      put(state.firstChild, { text: String(count) });
    }
    drawSlots(slots, workers ?? {}, about.workers_max);
    if (about.workers_max === wished) wished = null;
    put(most, { value: String(wished ?? about.workers_max ?? ''), disabled: about.workers_max == null });
    put(limit.lastChild.lastChild, { text: about.workers_max == null ? t('endpoint.most.unknown') : '' });
    put(jobs.lastChild, { text: workers ? backend.running || backend.waiting ? t('pill.queue', { busy: backend.running, waiting: backend.waiting }) : t('endpoint.jobs.none') : '–' });
    put(worker.lastChild, { text: isAbout(seen) ? aboutSaid(seen.about) : workerSaid(seen.worker) });
  }
  /** What was refused is told, and what stood there before stands there again. */
  const refused = () => { wished = null; draw() };
  return { place, draw, refused };
}

/** A square for every worker that it may start, filled by what the worker does. */
function drawSlots(place, workers, most) {
  const there = Object.entries(STATES).flatMap(([name, word]) => Array(Math.min(SLOTS, workers[word] ?? 0)).fill(name));
  const all = [...there, ...Array(Math.max(0, Math.min(SLOTS, most ?? 0) - there.length)).fill('free')].slice(0, SLOTS);
  if (place.dataset.drawn === all.join()) return;
  place.dataset.drawn = all.join();
  place.replaceChildren(...all.map(state => h('i', { data: { state } })));
}
