// The dock: what is being made, what failed and why, always in sight.

import { act, button, clock, fact, follow, h, icon, keyed, notice, put, runs, show, t, tn } from './core.js';
import { remedy } from './remedies.js';
import { go } from './where.js';

const LISTED = 60; // cards at once; the Runs page has them all
const RECENT = 8; // seconds a finished errand stays

export function mount(place) {
  place.classList.add('always');
  const summary = h('div.summary', { role: 'status' }), cards = h('div.cards'), tools = h('div.tools');
  const bar = h('div.total', {}, h('i'));
  const deeds = { // made once: a button that is made anew between press and release is never clicked
    goOn: button(t('dock.goOn'), () => act('run.go_on'), { mark: 'play', kind: 'primary' }),
    retry: button(t('dock.retry'), () => act('run.again', { ids: runs().filter(run => ['failed', 'stopped'].includes(run.state)).map(run => run.id) }), { mark: 'again' }),
    pause: button('', () => act('run.pause'), { mark: 'pause', title: t('dock.pause') }),
    cancelAll: button('', () => act('run.cancel_all'), { mark: 'stop', title: t('dock.cancelAll') }),
  };
  const help = h('div.help');
  tools.append(help, ...Object.values(deeds), button('', () => go('runs'), { mark: 'runs', title: t('page.runs') }));
  place.replaceChildren(bar, summary, cards, tools);
  const draw = () => drawDock(summary, cards, deeds, bar, help);
  follow(['run/', 'queue', 'connection', 'trouble', 'doctor', 'pod/start'], place, draw);
  setInterval(() => runs().some(run => run.state === 'done' && isRecent(run)) && draw(), 2000);
  follow(['told'], place, () => { const told = fact('told'); if (told && Date.now() / 1000 - told.at < 5) notice(told.text) });
}

const isRecent = run => Date.now() / 1000 - run.ended < RECENT;
const isLive = run => ['running', 'cancelling', 'waiting', 'stopped', 'failed'].includes(run.state);
export const isActive = run => ['running', 'cancelling', 'waiting'].includes(run.state);
export const nameOf = run => run.shot ? t(`deed.${run.deed}.shot`, { shot: run.shot }) : t(`deed.${run.deed}`);

function drawDock(summary, cards, deeds, bar, help) {
  const all = runs(), queue = fact('queue') ?? {};
  const order = { running: 0, cancelling: 0, failed: 1, stopped: 2, waiting: 3, done: 4 };
  const listed = all.filter(run => isLive(run) || run.state === 'done' && isRecent(run))
    .sort((a, b) => order[a.state] - order[b.state]).slice(0, LISTED);
  const live = all.filter(isActive), failed = all.filter(run => run.state === 'failed'), stopped = all.filter(run => run.state === 'stopped');
  bar.firstChild.style.width = live.length ? `${(queue.share ?? 0) * 100}%` : '0';
  const left = queue.seconds != null && live.length ? t('dock.left', { time: clock(queue.seconds) }) : '';
  const found = queue.paused && queue.paused !== 'paused' ? remedy() : null;
  if (help.dataset.key !== (found?.key ?? '')) { help.dataset.key = found?.key ?? ''; help.replaceChildren(...[found?.button].filter(Boolean)) }
  put(summary, { text: fact('trouble') || (found ? found.said : queue.paused ? (queue.paused === 'paused' ? t('dock.paused') : queue.paused)
    : live.length ? [tn('dock.making', live.length), left].filter(Boolean).join(' · ')
    : stopped.length ? tn('dock.stopped', stopped.length) : failed.length ? tn('dock.failed', failed.length) : t('dock.idle')),
    'data-kind': fact('trouble') || queue.paused ? 'bad' : '' });
  keyed(cards, listed, run => run.id, makeCard, updateCard);
  deeds.goOn.hidden = !queue.paused && !stopped.length;
  deeds.retry.hidden = !failed.length;
  deeds.pause.hidden = !live.length || queue.paused === 'paused';
  deeds.cancelAll.hidden = live.length < 2;
}

function makeCard(run) {
  return h('div.job', { tabindex: '0', role: 'group' }, h('img', { alt: '', hidden: true }), h('div.mid', {}, h('b', {}), h('small', {})),
    h('button', { type: 'button' }), h('div.bar', { role: 'progressbar', 'aria-valuemin': '0', 'aria-valuemax': '100' }, h('i')));
}

function updateCard(card, run) {
  const [img, mid, stop, bar] = card.children;
  const name = nameOf(run), done = run.state === 'done' ? 1 : run.fraction;
  put(card, { 'data-state': run.state, title: run.error || `${name} · ${run.note}`, 'aria-label': `${name}: ${t(`state.${run.state}`)}` });
  put(mid.firstChild, { text: name });
  put(mid.lastChild, { text: run.error || (run.state === 'running' && run.note ? run.note : t(`state.${run.state}`)) });
  show(img, run.preview ? `studio/preview/${run.id}?v=${run.preview}` : null);
  const again = ['failed', 'stopped'].includes(run.state);
  stop.hidden = ['done', 'cancelling'].includes(run.state);
  put(stop, { 'aria-label': `${again ? t('again') : t('cancel')}: ${name}`, title: again ? t('again') : t('cancel') });
  if (stop.dataset.mark !== String(again)) { stop.dataset.mark = again; stop.replaceChildren(icon(again ? 'again' : 'close')) }
  stop.onclick = () => again ? act('run.again', { ids: [run.id] }) : act('run.cancel', { ids: [run.id] });
  bar.firstChild.style.width = `${done * 100}%`;
  put(bar, { 'aria-valuenow': Math.round(done * 100), 'aria-label': name });
}
