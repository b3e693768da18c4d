// Workflows: the artist's own and those that come along; a new one is dropped, looked at, tried and kept.

import { Refused, act, ask, button, fact, follow, h, icon, keyed, mediaUrl, notice, percent, put, show, t, tn, upload } from './core.js';
import { drawModel, drawOthers } from './settings.js';

let intake = null, slots = {}, run = null; // what is being looked at, the places chosen by hand, its trial

export function mount(place) {
  const file = h('input', { type: 'file', accept: '.json,.png,.webp,.jpg,.jpeg,.mp4,.webm', hidden: true, onchange: () => { take(file.files[0]); file.value = '' } });
  const zone = h('button.drop', { type: 'button', onclick: () => file.click() }, icon('plus'), h('b', {}, t('flows.drop')), h('small', {}, t('flows.drop.hint')));
  const said = h('p.verdict', { role: 'alert', hidden: true, 'data-kind': 'bad' });
  const form = h('section.intake', { hidden: true, 'aria-label': t('flows.new') });
  const own = h('ul.flows'), none = h('p.quiet', {}, t('flows.none')), shipped = h('ul.flows');
  const comesAlong = h('summary', {});
  place.replaceChildren(h('h2', {}, t('flows.title')), zone, file, said, form, own, none, h('details', {}, comesAlong, shipped));

  const draw = () => drawIntake(form, said, draw);
  const take = dropped => dropped && look(async () => ask('workflow.look', { upload: await upload(dropped) }));
  const open = flow => look(() => ask('workflow.open', { name: flow.name })).then(() => form.scrollIntoView({ block: 'nearest' }));
  async function look(found) {
    zone.classList.add('is-busy');
    say(said, '');
    try {
      intake = await found();
      slots = intake.by_hand, run = null;
    } catch (error) { refused(said, error) }
    zone.classList.remove('is-busy');
    draw();
  }
  for (const kind of ['dragenter', 'dragover']) zone.addEventListener(kind, event => { event.preventDefault(); zone.classList.add('is-over') });
  zone.addEventListener('dragleave', () => zone.classList.remove('is-over'));
  zone.addEventListener('drop', event => { event.preventDefault(); zone.classList.remove('is-over'); take(event.dataTransfer.files[0]) });

  follow(['workflows'], place, () => {
    const all = fact('workflows') ?? [], mine = all.filter(flow => flow.own), theirs = all.filter(flow => !flow.own);
    none.hidden = mine.length > 0;
    put(comesAlong, { text: tn('flows.shipped', theirs.length) });
    keyed(own, mine, flow => flow.name, flow => makeFlow(flow, open), updateFlow);
    keyed(shipped, theirs, flow => flow.name, flow => makeFlow(flow, open), updateFlow);
  });
  follow(['run/'], place, () => run && drawTrial(form.querySelector('.trial')));
}

const say = (place, text) => { place.hidden = !text; put(place, { text }) };
function refused(place, error) { if (!(error instanceof Refused)) throw error; say(place, error.message) }

// --- the list ----------------------------------------------------------------------------------

function makeFlow(flow, open) {
  return h('li', {}, h('div', {}, h('b', {}), h('code', {}, flow.name), h('small', {})), h('span.kind', {}),
    button('', () => open(flow), { kind: 'ghost', mark: 'own', title: t('flows.open', { name: flow.name }) }),
    flow.own && button('', () => forget(flow), { kind: 'ghost', mark: 'bin', title: t('flows.forget', { name: flow.name }) }));
}

function updateFlow(item, flow) {
  const [texts, kind] = item.children;
  put(texts.children[0], { text: flow.title });
  put(texts.children[2], { text: flow.problem ?? flow.purpose, 'data-kind': flow.problem ? 'bad' : '' });
  put(kind, { text: flow.kind ? t(`flows.kind.${flow.kind}`) : '' });
}

async function forget(flow) {
  try { await ask('workflow.forget', { name: flow.name }); notice(t('flows.forgotten', { name: flow.name })) } catch (error) {
    if (!(error instanceof Refused)) throw error;
    notice(error.message, 'bad');
  }
}

// --- what was dropped --------------------------------------------------------------------------

function drawIntake(form, said, draw) {
  form.hidden = !intake;
  if (!intake) return form.replaceChildren();
  const found = intake;
  const isAnew = found.origin === 'kept', isOurs = isAnew && !(fact('workflows') ?? []).some(flow => flow.own && flow.name === found.name);
  const name = h('input', { value: isOurs ? `${found.name}_2` : found.name, 'aria-label': t('flows.name'), spellcheck: false }), title = h('input', { value: found.title || found.name });
  const list = (label, items, kind = '') => items.length > 0 && h('div.list', { 'data-kind': kind }, h('h3', {}, label), h('ul', {}, items.map(item => h('li', {}, item))));
  const correct = async (changed, kind = '') => {
    try { intake = await ask('workflow.correct', { id: found.id, slots: changed, kind }); slots = changed; say(said, '') } catch (error) { refused(said, error) }
    draw();
  };
  const leave = () => { intake = null; say(said, ''); draw() };
  const keep = async (replace = false) => {
    try {
      const kept = await ask('workflow.keep', { id: found.id, name: name.value, title: title.value, replace: replace || (isAnew && name.value === found.name && !isOurs) });
      leave();
      notice(t('flows.kept', { name: kept }));
    } catch (error) { refused(said, error); if (isTaken(name.value)) said.append(' ', button(t('flows.replace'), () => keep(true), { kind: 'link' })) }
  };
  const attempt = async () => { const ids = await act('workflow.try', { id: found.id }); if (ids) { run = ids[0]; drawTrial(form.querySelector('.trial')) } };
  form.replaceChildren(...[
    h('header', {}, h('div', {}, h('b', {}, found.title || found.name), h('small', {}, [t(`flows.origin.${found.origin}`), tn('flows.nodes', found.nodes)].join(' · '))),
      h('select', { 'aria-label': t('flows.kind'), onchange: event => correct(slots, event.target.value) }, ['keyframe', 'video'].map(kind => h('option', { value: kind, selected: kind === found.kind }, t(`flows.kind.${kind}`)))),
      button('', leave, { kind: 'ghost', mark: 'close', title: t('flows.leave') })),
    h('p.verdict', { 'data-kind': found.met === false ? 'bad' : found.met ? 'good' : '' }, verdict(found)),
    list(t('flows.missing'), found.missing, 'bad'), list(t('flows.faults'), found.faults, 'bad'), ...drawOthers(found.others),
    h('h3', {}, t('flows.places')), h('div.places', {}, found.rows.map(row => drawRow(row, correct))),
    found.models.length > 0 && h('details', { open: found.models.some(model => model.there === false) }, h('summary', {}, tn('settings.flow.models', found.models.length)), h('ul.models', {}, found.models.map(drawModel))),
    list(t('flows.unsure'), found.unsure, 'warn'), list(t('flows.left'), found.left),
    h('div.keep', {}, h('label.field', {}, h('span', {}, t('flows.name')), name), h('label.field', {}, h('span', {}, t('flows.called')), title),
      button(t('flows.try'), attempt, { mark: 'play', title: t('flows.try.hint') }),
      button(t('flows.keep'), () => keep(), { kind: 'primary', mark: 'check', disabled: !found.may_be_kept })),
    h('div.trial'),
  ].filter(Boolean));
  if (run) drawTrial(form.querySelector('.trial'));
}

/** Of several machines the one that is meant is named. */
function verdict(found) {
  if (found.met == null) return t('flows.notAsked');
  if (found.asked) return t(found.met ? 'settings.flow.met' : 'settings.flow.lacks', { address: found.asked });
  return t(found.met ? 'flows.runs' : 'flows.lacks');
}

/** One value of a shot, and the input of the workflow it goes to. */
function drawRow(row, correct) {
  const spots = [...row.spots, ...row.others], many = row.spots.length > 1;
  const name = spot => `${spot.title} · ${spot.input}`;
  const short = spot => spot.value === '' || spot.value == null ? '' : ` = ${String(spot.value).slice(0, 28)}`;
  const choose = event => {
    const { [row.slot]: gone, ...others } = slots;
    const to = event.target.value;
    correct(to === '*' ? others : { ...others, [row.slot]: to ? [to] : [] });
  };
  const now = many && !row.by_hand ? '*' : row.spots[0]?.place ?? '';
  return h('label', { 'data-by-hand': row.by_hand ? 'yes' : null }, h('span', {}, t(`flows.slot.${row.slot}`)),
    h('select', { onchange: choose, title: row.spots[0]?.why ?? '' },
      h('option', { value: '', selected: now === '' }, t('flows.nowhere')),
      (many || row.by_hand) && h('option', { value: '*', selected: now === '*' }, many && !row.by_hand ? row.spots.map(name).join(' + ') : t('flows.byRules')),
      spots.map(spot => h('option', { value: spot.place, selected: now === spot.place }, name(spot) + short(spot)))),
    row.by_hand ? h('small', {}, t('flows.byHand')) : null);
}

const isTaken = name => (fact('workflows') ?? []).some(flow => flow.name === name.trim().replace(/\.json$/, ''));

function drawTrial(place) {
  const about = fact(`run/${run}`);
  if (!place || !about) return;
  const img = place.querySelector('img') ?? h('img', { alt: t('flows.try') });
  const file = about.state === 'done' ? about.files.at(-1) : null;
  const isClip = file && /\.(mp4|webm)$/i.test(file);
  if (isClip) return place.querySelector('video') || place.replaceChildren(h('video', { src: mediaUrl(file), controls: true, muted: true, loop: true }));
  show(img, file ? mediaUrl(file, about.ended) : about.preview ? `studio/preview/${run}?v=${about.preview}` : null);
  place.replaceChildren(...[img, h('p', { role: 'status', 'data-kind': about.error ? 'bad' : '' }, about.error || (file ? t('flows.tried') : about.state === 'running' ? `${percent(about.fraction)} ${about.note}` : t(`state.${about.state}`)))]);
}
