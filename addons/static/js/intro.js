// The first start: three steps beside the sample, which draws itself meanwhile. Any of them can be left out.

import { LANGUAGES } from './languages.js';
import { Refused, act, ask, button, fact, flush, follow, h, icon, put, runs, t } from './core.js';
import { isActive } from './dock.js';
import { importDialog } from './imports.js';
import { newProject } from './projectdialogs.js';
import { setLook } from './rail.js';
import { go } from './where.js';

const PLACES = { local: ['intro.address', 'http://127.0.0.1:8188'], runpod: ['intro.pod', 'abc123def456gh'], serverless: ['intro.endpoint', 'abc123def456gh'] };
const STEPS = ['look', 'gpu', 'story'], STEP = 'studio.intro';
let panel = null, send = async () => true;

export function start() {
  const host = document.body.appendChild(h('div.always', { hidden: true }));
  follow(['settings'], host, () => {
    const settings = fact('settings');
    if (settings && !settings.introduced && !panel) open();
    if (settings?.introduced && panel) close();
  });
}

function open() {
  const body = h('div.step'), dots = h('nav', { 'aria-label': t('intro.steps') }), foot = h('footer', {});
  const progress = h('div.sample', { role: 'status' }, h('div.bar', {}, h('i')), h('small'));
  panel = h('section.intro.always', { role: 'dialog', 'aria-label': t('intro.title') },
    h('header', {}, h('div', {}, h('b', {}, t('intro.title')), h('small', {}, t('intro.subtitle'))), button('', skip, { mark: 'close', kind: 'ghost', title: t('intro.skip') })), dots, body, foot, progress);
  document.body.append(panel);
  addEventListener('keydown', escape);
  follow(['run/', 'queue'], panel, () => drawSample(progress));
  show(Number(sessionStorage.getItem(STEP) ?? 0));

  function show(n) {
    sessionStorage.setItem(STEP, n);
    send = async () => true;
    const leave = to => async () => { if (await send()) show(to) };
    dots.replaceChildren(...STEPS.map((step, at) => h('button', { type: 'button', 'aria-current': at === n ? 'step' : null, onclick: leave(at) }, h('i', {}, String(at + 1)), t(`intro.${step}`))));
    body.replaceChildren(h('h2', {}, t(`intro.${STEPS[n]}.title`)), h('p', {}, t(`intro.${STEPS[n]}.hint`)), ...[look, gpu, story][n]());
    foot.replaceChildren(...[button(t('intro.skip'), skip, { kind: 'ghost' }), h('div.grow'), n > 0 && button(t('intro.back'), leave(n - 1), {}), n < 2 && button(t('intro.next'), leave(n + 1), { kind: 'primary' })].filter(Boolean));
    (foot.querySelector('.primary') ?? body.querySelector('button'))?.focus({ preventScroll: true });
  }
}

function escape(event) {
  const isElsewhere = event.target !== document.body && !panel?.contains(event.target);
  if (event.key === 'Escape' && !isElsewhere && !document.querySelector('dialog[open]')) skip();
}

const skip = () => { close(); act('settings.introduced') };

function close() {
  removeEventListener('keydown', escape);
  sessionStorage.removeItem(STEP);
  panel?.remove();
  panel = null;
}

function drawSample(place) {
  const sample = runs().filter(run => run.run.startsWith('sample-')), left = sample.filter(isActive);
  const done = sample.reduce((sum, run) => sum + (isActive(run) ? run.fraction : 1), 0);
  place.hidden = !sample.length;
  place.firstChild.firstChild.style.width = `${100 * done / (sample.length || 1)}%`;
  put(place.lastChild, { text: left.length ? t('intro.drawing', { n: Math.floor(done), all: sample.length }) : t('intro.drawn') });
}

// --- 1: the look -----------------------------------------------------------------------------

function look() {
  const mini = theme => h('button.mini', { type: 'button', role: 'radio', 'aria-checked': String(document.documentElement.dataset.theme === theme), onclick: () => choose(theme) },
    h('span.window', { 'data-theme': theme, 'aria-hidden': 'true' }, h('i.rail', {}, h('i'), h('i'), h('i')), h('i.cards', {}, ...'123456'.split('').map(n => h(`i.c${n}`))), h('i.dockline', {}, h('i'))), h('b', {}, t(`look.${theme}`)));
  const group = h('div.minis', { role: 'radiogroup', 'aria-label': t('intro.look') }, mini('dark'), mini('light'));
  const choose = theme => {
    setLook(theme);
    act('settings.look', { theme });
    for (const [n, one] of [...group.children].entries()) put(one, { 'aria-checked': String((n === 1) === (theme === 'light')) });
  };
  const now = document.documentElement.lang;
  const language = h('select', { onchange: () => speak(language.value) }, Object.entries(LANGUAGES).map(([code, name]) => h('option', { value: code, selected: code === now, lang: code }, name)));
  return [group, h('label.field', {}, h('span', {}, t('intro.language')), language)];
}

/** Another language means another catalogue: the page is loaded anew, and comes back to this step. */
async function speak(language) {
  await act('settings.look', { language });
  localStorage.setItem('studio.language', language);
  location.reload();
}

// --- 2: who draws ----------------------------------------------------------------------------

function gpu() {
  const settings = fact('settings') ?? {};
  let mode = settings.mode ?? 'sketch', isTouched = false;
  const address = h('input', { type: 'text', spellcheck: 'false', autocomplete: 'off' }), label = h('span'), answer = h('p.answer', { role: 'status', hidden: true }), keyless = h('p.quiet', {}, t('intro.nokey'));
  const test = button(t('intro.test'), tryIt, {}), entry = h('div.entry', {}, h('label.field', {}, label, address), test);
  const option = (name, mark) => h('button.choice', { type: 'button', role: 'radio', data: { mode: name }, onclick: () => { isTouched = true; choose(name); address.focus() } }, icon(mark), h('span', {}, h('b', {}, t(`intro.gpu.${name}`)), h('small', {}, t(`intro.gpu.${name}.hint`))));
  const group = h('div.choicelist', { role: 'radiogroup', 'aria-label': t('intro.gpu') }, option('sketch', 'own'), option('local', 'gpu'), option('runpod', 'spark'), option('serverless', 'machines'));
  address.addEventListener('input', () => { isTouched = true; answer.hidden = true });
  address.addEventListener('keydown', event => event.key === 'Enter' && tryIt());

  function choose(name) {
    mode = name;
    for (const one of group.children) put(one, { 'aria-checked': String(one.dataset.mode === name) });
    entry.hidden = name === 'sketch';
    answer.hidden = true;
    keyless.hidden = name !== 'serverless' || Boolean(fact('keys')?.RUNPOD_API_KEY?.from);
    const [word, example] = PLACES[name] ?? PLACES.local;
    put(label, { text: t(word) });
    address.placeholder = example;
    address.value = settings.mode === name ? settings.address ?? '' : name === 'local' ? 'http://127.0.0.1:8188' : '';
  }

  function say(kind, sentence) {
    put(answer, { text: sentence, 'data-kind': kind });
    answer.hidden = false;
  }

  async function tryIt() {
    say('asking', t('intro.asking'));
    try {
      const found = await ask('intro.test', { mode, address: address.value });
      found.is_up ? say('up', [t('intro.answers', { name: found.name }), found.gpu].filter(Boolean).join(' · ')) : say('down', found.said);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      say('down', error.message);
    }
  }

  send = async () => {
    if (!isTouched) return true;
    try { await ask('intro.use', { mode, address: address.value }); return true } catch (error) {
      if (!(error instanceof Refused)) throw error;
      say('down', error.message);
      address.focus();
      return false;
    }
  };
  choose(mode);
  return [group, entry, keyless, answer];
}

// --- 3: the story ----------------------------------------------------------------------------

function story() {
  const way = (mark, key, run) => h('button.choice', { type: 'button', onclick: () => { skip(); run() } }, icon(mark), h('span', {}, h('b', {}, t(`intro.story.${key}`)), h('small', {}, t(`intro.story.${key}.hint`))));
  return [h('div.choicelist', {}, way('play', 'sample', () => { go('storyboard'); flush() }), way('plus', 'new', newProject), way('drop', 'import', () => { go('project'); importDialog() }))];
}
