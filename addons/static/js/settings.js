// The Settings page. Its form is Gradio's; here is what tells it when to ask for its values, and what
// Python answers in shapes that Gradio has no part for: an address as it is typed, who answers there,
// what a workflow needs.

import { act, button, connected, debounce, fact, follow, h, language, notice, put, t, tn } from './core.js';
import { aboutSaid, endpoint, gpuOf, workerSaid, workersSaid } from './endpoint.js';
import { dollars } from './money.js';
import { setLook } from './rail.js';
import { go } from './where.js';

/** The page's head. The form asks for its values when it is first seen and when they changed elsewhere. */
export function mount(place) {
  place.append(h('div.page', {}, h('header.head', {}, h('h1', {}, t('page.settings')))));
  const theme = () => document.documentElement.dataset.theme;
  let known = ''; // what the form showed last: asking for the same again could only undo what is being typed
  const want = oneByOne(place, (number, edited) => place.say.form_wanted({ number, edited, theme: theme(), language: kept('studio.language') }));
  const wantNews = () => {
    const now = JSON.stringify([fact('settings'), fact('keys'), fact('workflows'), theme()]);
    if (now !== known) { known = now; want(isEdited) }
  };
  Studio.settings = { setTheme, setLanguage, copy, reload: () => want(() => false) };
  follow(['settings', 'keys', 'workflows'], place, wantNews);
  new MutationObserver(wantNews).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
}

const LATE = 20_000; // ms after which an answer is not waited for any more

/** Ask again only once the form has what was asked for before; the last wish counts. What is late is not asked for
 *  twice; what the studio's end may have cut off is. Nothing can be entered while the first answer is waited for: it
 *  could only undo that. */
function oneByOne(place, ask) {
  const page = place.closest('#page-settings');
  const state = () => document.querySelector('#set-state .live'); // it comes later than this, at first
  let number = 0, isAsked = false, entered = 0, next = null;
  const entries = () => state()?.entries ?? 0;
  const go = edited => {
    if (isAsked) { next = edited; return }
    isAsked = true;
    entered = entries();
    if (!number) page.inert = true;
    const mine = ++number;
    ask(mine, edited());
    setTimeout(() => { if (isAsked && mine === number) over() }, LATE);
  };
  const over = () => {
    isAsked = false;
    if (next) { const edited = next; next = null; go(edited) } else page.inert = false;
  };
  place.addEventListener('value', () => {
    if (place.value !== number) return;
    over();
    if (entries() !== entered) state().say.typed({}); // the answer knew nothing of what was entered since
  });
  follow(['connection'], document.body, () => { if (connected() && isAsked) { isAsked = false; go(isEdited) } });
  return go;
}

function isEdited() {
  const place = document.querySelector('#set-state .live');
  return Boolean(place?.isTyping || place?.value?.edited);
}

const kept = name => { try { return localStorage.getItem(name) ?? '' } catch { return '' } };

function setTheme(theme) {
  setLook(theme);
  act('settings.look', { theme });
}

async function setLanguage(language) {
  language ? localStorage.setItem('studio.language', language) : localStorage.removeItem('studio.language');
  await act('settings.look', { language });
  location.reload();
}

function copy(text) {
  navigator.clipboard?.writeText(text).then(() => notice(t('settings.copied')), () => notice(t('settings.notCopied'), 'bad'));
}

/** A part that shows what Python gives it, now and whenever that changes. */
const shown = draw => ({
  mount(place) {
    const drawn = () => draw(place, place.value ?? null);
    place.addEventListener('value', drawn);
    drawn();
  },
});

const heading = shown((place, key) => place.replaceChildren(h('h2', {}, t(key ?? ''))));

/** Where a pod is asked for: the account's own to choose from, or where a key would bring them. */
const podChoice = {
  mount(place) {
    const draw = () => {
      const pods = fact('pods'), isAsked = place.value === 'runpod' && pods;
      place.hidden = !isAsked;
      if (!isAsked) return;
      const listed = pods.list.filter(pod => pod.state !== 'gone'), now = JSON.stringify([pods.has_key, fact('settings').pod_id, listed.map(pod => [pod.id, pod.name, pod.state])]);
      if (place.dataset.drawn === now) return;
      place.dataset.drawn = now;
      place.replaceChildren(h('span.label', {}, t('settings.pods')), ...(listed.length ? listed.map(choice) : [h('small', {}, t(pods.has_key ? 'settings.pods.none' : 'settings.pods.nokey')), button(t('page.machines'), () => go('machines'), { kind: 'link' })]));
    };
    const choice = pod => h('button.chip', {
      type: 'button', 'aria-pressed': String(pod.id === fact('settings').pod_id && fact('settings').mode === 'runpod'),
      onclick: () => act('pod.use', { id: pod.id }).then(() => Studio.settings.reload()),
    }, h('b', {}, pod.name || pod.id), h('small', {}, t(`machines.state.${pod.state}`)));
    place.addEventListener('value', draw);
    follow(['pods', 'settings'], place.parentNode, draw);
  },
};

/** A sentence about the field above it: the studio's own, or {key, values}. */
const said = shown((place, value) => {
  const isFault = typeof value === 'string';
  const values = { ...value?.values, size: value?.bytes != null ? bytes(value.bytes) : '' };
  put(place, { text: isFault ? value : value ? t(value.key, values) : '', role: 'status', 'data-kind': isFault && value ? 'bad' : '' });
});

const state = shown((place, value) => {
  if (value?.word === 'saved') place.savedAt = Date.now(); // what was saved is told to every window, this one too
  if (value?.word === 'elsewhere') place.isElsewhere = true; // and stays so while something else is entered
  if (!value?.edited) place.isElsewhere = false;
  const isFresh = Date.now() - (place.savedAt ?? 0) < 4000, entered = place.isElsewhere ? 'elsewhere' : value?.isGood ? 'unsaved' : '';
  const word = value?.word || (value?.edited ? entered : isFresh ? 'saved' : '');
  put(place, { role: 'status', 'data-word': word });
  place.replaceChildren(...[
    value?.address && h('output.address', { title: t('settings.address') }, value.address),
    word && h('span.word', {}, t(`settings.${word}`)),
    word === 'elsewhere' && button(t('settings.reload'), () => Studio.settings.reload(), { kind: 'link' }),
  ].filter(Boolean));
});

/** Tells Python of every change by hand: a paste and a deletion too, and nothing that Python itself put in. */
const typing = {
  mount(place) {
    state.mount(place);
    const typed = debounce(() => place.say.typed({}), 120);
    place.addEventListener('value', () => { place.isTyping = false });
    place.entries = 0;
    place.closest('#set-connection').addEventListener('input', event => { place.entries++; place.isTyping = true; if (event.target.type !== 'radio') typed() });
  },
};

const answer = shown((place, value) => {
  put(place, { role: 'status', 'data-kind': !value ? '' : value.asking != null ? 'asking' : value.is_up ? 'up' : 'down' });
  if (!value) return place.replaceChildren();
  if (value.asking != null) return place.replaceChildren(h('span.dot'), h('p', {}, value.asking ? t('settings.asking', { address: value.asking }) : t('settings.askingHere')));
  if (!value.is_up) return place.replaceChildren(...[h('span.dot'), h('p', {}, value.said), value.symptom === 'workers' && button(t('remedy.workers'), () => place.say.raised({}))].filter(Boolean));
  const share = value.vram_total ? value.vram_used / value.vram_total : null;
  const row = (label, what, more = null) => what && h('div', {}, h('dt', {}, label), h('dd', {}, what, more));
  place.replaceChildren(h('span.dot'), h('p', {}, h('b', {}, value.name), ' ', t('settings.answers')), h('dl', {}, [
    row(t('settings.gpu'), value.serverless ? gpuOf(value.serverless.endpoint) : value.gpu),
    share != null && row(t('settings.vram'), t('settings.vram.used', { used: bytes(value.vram_used), total: bytes(value.vram_total) }), h('div.meter', {}, h('i', { style: `width:${Math.round(share * 100)}%` }))),
    value.address && row(t('settings.queue'), value.running || value.waiting ? t('pill.queue', { busy: value.running, waiting: value.waiting }) : t('settings.queue.empty')),
    ...value.serverless ? endpointRows(value, row, place) : [],
  ]));
});

/** Its worker is asked; of one that does not say it, what is known of the one that draws. */
function endpointRows({ serverless: seen, asked }, row, place) {
  const known = endpoint()?.endpoint.id === seen.endpoint.id ? endpoint().worker : seen.worker;
  const waits = asked && !asked.about && !asked.said;
  const worker = waits ? [t('endpoint.asked'), asked.note].filter(Boolean).join(' · ') : asked?.about ? aboutSaid(asked.about) : asked?.said || workerSaid(known);
  return [
    row(t('endpoint.workers'), workersSaid(seen)),
    row(t('endpoint.cost'), seen.endpoint.price ? t('endpoint.price', { amount: dollars(seen.endpoint.price) }) : ''),
    h('div.worker', { 'data-state': waits ? 'asked' : asked?.said ? 'failed' : null }, h('dt', {}, t('endpoint.worker')), h('dd', {}, worker, waits && button(t('endpoint.asked.leave'), () => place.say.left({}), { kind: 'link' }))),
  ];
}

/** What a workflow is for, what it costs and what the server lacks for it. */
const flow = shown((place, value) => {
  if (!value) return place.replaceChildren();
  const licences = [...new Set(value.models.map(model => model.licence).filter(Boolean))];
  const facts = [
    value.gib ? t('settings.flow.size', { gib: number(value.gib) }) : value.models.length ? '' : t('settings.flow.noModels'),
    value.fps && t('settings.flow.fps', { fps: number(value.fps) }),
    value.longest && value.fps && t('settings.flow.longest', { frames: value.longest, seconds: number(value.longest / value.fps, 1) }),
    value.sizes?.length && value.sizes.map(size => size.join(' × ')).join(', '),
    value.vram && t('settings.flow.vram', { vram: value.vram }),
    licences.join(', '),
  ].filter(Boolean);
  place.replaceChildren(...[
    value.purpose && h('p.purpose', {}, value.purpose),
    h('p.facts', {}, facts.join(' · ')),
    ...drawCheck(value.check),
    value.models.length > 0 && h('details', { open: value.models.some(model => model.there === false) }, h('summary', {}, tn('settings.flow.models', value.models.length)), h('ul.models', {}, value.models.map(drawModel))),
  ].filter(Boolean));
});

export function drawModel(model) {
  const there = model.there == null ? '' : model.there ? 'there' : 'missing';
  return h('li', { 'data-there': there },
    h('code', {}, `models/${model.folder}/`, h('wbr'), model.file),
    h('span', {}, [model.gib && `${number(model.gib)} GiB`, model.licence, model.commercial && t('settings.flow.commercial', { terms: model.commercial })].filter(Boolean).join(' · ')),
    there && h('em', {}, t(`settings.flow.${there}`)));
}

function drawCheck(check) {
  if (!check) return [];
  if (check.said) return [h('p.verdict', { 'data-kind': 'bad', role: 'status' }, check.said)];
  if (!check.asked) return [h('p.verdict', { 'data-kind': 'good', role: 'status' }, t('settings.flow.sketch'))];
  const best = check.met ? h('p.verdict', { 'data-kind': 'good', role: 'status' }, t('settings.flow.met', { address: check.asked })) : drawLacks(check.asked, check.lacks);
  return [best, ...drawOthers(check.others)];
}

const drawLacks = (address, lacks) => h('div.verdict', { 'data-kind': 'bad', role: 'status' }, h('p', {}, t('settings.flow.lacks', { address })), h('ul', {}, lacks.map(lack => h('li', {}, lack))));

/** What there is to say of machines besides the one that lacks least. */
export function drawOthers(others) {
  return others.map(one => one.said ? h('p.verdict', { role: 'status' }, one.said) : drawLacks(one.address, one.lacks));
}

const notes = shown((place, value) => {
  put(place, { role: 'status' });
  if (!value) return place.replaceChildren();
  if (value.fault) return place.replaceChildren(h('p.verdict', { 'data-kind': 'bad' }, value.fault));
  place.replaceChildren(h('ul.notes', {}, value.notes.map(note => h('li', {}, note))));
});

const number = (value, digits = 1) => value.toLocaleString(language, { maximumFractionDigits: digits });
export const bytes = count => count >= 1 << 30 ? `${number(count / (1 << 30))} GiB` : count >= 1 << 20 ? `${number(count / (1 << 20))} MiB` : `${number(Math.ceil(count / 1024), 0)} KiB`;

export const parts = { 'set-pods': podChoice, heading, said, 'set-state': typing, 'set-answer': answer, 'set-flow': flow, 'set-notes': notes };
