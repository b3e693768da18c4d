// The rail: who we are, the pages, and whoever draws.

import { act, fact, follow, h, icon, put, runs, t, tn } from './core.js';
import { followMoney, meter } from './money.js';
import { PAGES, digitOf, go, here, watch } from './where.js';

export function mount(place) {
  place.classList.add('always');
  const links = PAGES.map(page => h('button', {
    type: 'button', data: { page }, onclick: () => go(page), title: [t(`page.${page}`), digitOf(page) && `(${digitOf(page)})`].filter(Boolean).join(' '),
  }, icon(page), h('span', {}, t(`page.${page}`)), digitOf(page) && h('kbd', { 'aria-hidden': 'true' }, digitOf(page))));
  const project = h('button.project', { type: 'button', onclick: () => go('project') }, h('b', {}), h('small', {}));
  const pill = h('button.pill', { type: 'button', onclick: () => go(placeOf(fact('settings')?.mode)) },
    h('span.dot'), h('b', {}), h('small.gpu'), h('div.meter', {}, h('i')), h('small.queue'));
  const money = meter();
  place.replaceChildren(
    h('header.brand', {}, h('span.mark', { 'aria-hidden': 'true' }), h('div', {}, h('b', {}, 'CINDERGRACE'), h('small', {}, 'studio'))),
    project, h('nav', { 'aria-label': t('rail.pages') }, links), h('div.grow'), money.place, pill,
    h('div.foot', {},
      h('button', { type: 'button', title: t('rail.look'), 'aria-label': t('rail.look'), onclick: changeLook }, icon('light')),
      h('button', { type: 'button', title: `${t('rail.keys')} (?)`, 'aria-label': t('rail.keys'), onclick: () => Studio.showKeys() }, icon('help'))));

  watch(place, () => links.forEach(link => put(link, { 'aria-current': link.dataset.page === here() ? 'page' : null })));
  follow(['project', 'order', 'shot/'], place, () => {
    const about = fact('project'), order = fact('order') ?? [];
    project.hidden = !about;
    if (about) put(project.firstChild, { text: about.title }), put(project.lastChild, { text: tn('count.shots', order.length) });
  });
  followMoney(place, money.draw);
  follow(['bench'], place, () => put(links[PAGES.indexOf('testbench')], { 'data-busy': ['running', 'cancelling'].includes(fact('bench')?.state) }));
  follow(['version/work'], place, () => put(links[PAGES.indexOf('versions')], { 'data-busy': ['running', 'cancelling'].includes(fact('version/work')?.state) }));
  follow(['settings', 'backend', 'run/', 'queue', 'connection', 'pod/start', 'doctor'], place, () => drawPill(pill));
}

/** The page of whoever draws. */
const placeOf = mode => mode === 'managed' ? 'versions' : ['runpod', 'serverless'].includes(mode) && fact('pods')?.has_key ? 'machines' : 'settings';

export function changeLook() {
  const theme = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
  setLook(theme);
  act('settings.look', { theme });
}

export function setLook(theme) {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem('studio.theme', theme);
}

function drawPill(pill) {
  const settings = fact('settings') ?? {}, backend = fact('backend') ?? {};
  const [, name, gpu, meter, queue] = pill.children;
  const busy = runs().filter(run => ['running', 'cancelling'].includes(run.state) && !run.queued).length;
  const waiting = runs().filter(run => run.state === 'waiting' || run.queued).length;
  const isUp = settings.mode === 'sketch' || backend.up, start = isUp ? null : backend.symptom === 'starting' ? backend : fact('pod/start');
  put(pill, { 'data-state': backend.up === undefined && settings.mode !== 'sketch' ? 'unknown' : start ? 'busy' : !isUp ? 'down' : busy ? 'busy' : 'up', title: backend.said ?? '' });
  put(name, { text: t(`mode.${settings.mode ?? 'sketch'}`) });
  put(gpu, { text: backend.gpu || backend.name || settings.address?.replace(/^https?:\/\//, '') || t('pill.sketch') });
  const share = backend.vram_total ? backend.vram_used / backend.vram_total : null;
  meter.hidden = share == null;
  if (share != null) meter.firstChild.style.width = `${Math.round(share * 100)}%`;
  put(queue, { text: start ? t('pill.starting') : !isUp && fact('doctor')?.remedy === 'start' ? t('pill.stopped') : !isUp && backend.up === false ? t('pill.down') : busy || waiting ? t('pill.queue', { busy, waiting }) : t('pill.idle') });
}
