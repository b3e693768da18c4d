// How a comic begins: a script is written, pasted or dropped, or an idea is planned. Also how it is written on as a
// script.

import { Refused, act, ask, button, fact, h, notice, openProject, percent, put, runs, t, upload } from './core.js';
import { dialog } from './dialogs.js';
import { isActive } from './dock.js';
import { isHere } from './making.js';
import { droppable } from './takes.js';

const styleOptions = first => [h('option', { value: '' }, first), ...(fact('comic_styles') ?? []).map(style => h('option', { value: style }, t(`comic.style.${style}`)))];
const labelled = (label, control) => h('label.field', {}, h('span', {}, label), control);

/** The form of a project that has no comic yet. */
export function beginning(place) {
  const said = h('p.problem', { role: 'alert', hidden: true }), body = h('div.ways'), planning = h('div.planning', { hidden: true }, h('span'), h('div.bar', {}, h('i')), button(t('cancel'), cancel, { mark: 'close' }));
  const tell = sentence => { said.textContent = sentence; said.hidden = !sentence };
  const ways = { script: ofScript(tell), idea: ofIdea(tell) };
  const choose = way => {
    body.replaceChildren(ways[way].node);
    for (const one of tabs.children) put(one, { 'aria-pressed': String(one.dataset.way === way) }), one.classList.toggle('is-on', one.dataset.way === way);
    tell('');
  };
  const tabs = h('div.begintabs', { role: 'group', 'aria-label': t('comic.begin.title') }, Object.keys(ways).map(way => button(t(`comic.begin.of.${way}`), () => choose(way), { data: { way } })));
  place.append(h('header', {}, h('h2', {}, t('comic.begin.title')), tabs), said, planning, body);
  choose('script');
  const planned = () => runs().find(run => run.deed === 'plan' && isHere(run) && isActive(run));
  function cancel() { const run = planned(); if (run) act('run.cancel', { ids: [run.id] }) }
  return {
    draw() {
      const run = planned();
      planning.hidden = !run;
      for (const way of Object.values(ways)) way.draw(!!run);
      if (!run) return;
      put(planning.firstChild, { text: run.state === 'waiting' ? t('mark.queued') : `${t('comic.begin.planning')} ${run.note}` });
      planning.children[1].firstChild.style.width = percent(run.fraction);
    },
  };
}

/** Ask for a plan, and show what is to be told of it. */
async function begin(deed, what, button, tell) {
  tell('');
  button.disabled = true;
  try { remarks(await ask(deed, what, { project: openProject() })) } catch (error) {
    if (!(error instanceof Refused)) throw error;
    tell(error.message);
  } finally { button.disabled = false }
}

function ofScript(tell) {
  const text = h('textarea', { rows: 18, spellcheck: 'true', placeholder: t('comic.begin.hint'), 'aria-label': t('comic.script') }), style = h('select', { 'aria-label': t('comic.field.style') });
  const chooser = h('input', { type: 'file', accept: '.txt,.fountain,.json', hidden: true, 'aria-label': t('comic.begin.file'), onchange: () => bring([...chooser.files]) });
  const plan = button(t('comic.begin.plan'), () => begin('comic.begin', { text: text.value, style: style.value }, plan, tell), { kind: 'primary', mark: 'pages' });
  const bring = async files => {
    try { if (files.length) await begin('comic.begin', { upload: await upload(files[0]), style: style.value }, plan, tell) } catch (error) { if (!(error instanceof Refused)) throw error; tell(error.message) }
    chooser.value = '';
  };
  const example = button(t('comic.begin.example'), async () => { const words = await act('comic.example'); if (words) text.value = words }, { mark: 'recipe' });
  const node = h('div.way', {}, h('p', {}, t('comic.begin.about')), text, chooser, h('div.row.starts', {}, plan, style, button(t('comic.begin.file'), () => chooser.click(), { mark: 'drop' }), example));
  droppable(node, bring);
  return { node, draw(isBusy) { plan.disabled = isBusy; if (style.options.length < 2) style.replaceChildren(...styleOptions(t('comic.style.own'))) } };
}

function ofIdea(tell) {
  const idea = h('textarea.idea', { rows: 5, spellcheck: 'true', placeholder: t('comic.idea.hint'), 'aria-label': t('comic.begin.of.idea') }), style = h('select', {}), pages = h('input', { type: 'number', min: '1', max: '20', value: '5' });
  const language = h('input', { type: 'text', placeholder: t('comic.idea.language.hint') }), url = h('input', { type: 'text', inputmode: 'url' }), model = h('input', { type: 'text', autocomplete: 'off', placeholder: 'qwen3:8b' });
  const what = () => ({ idea: idea.value, pages: Number(pages.value) || 0, style: style.value, language: language.value });
  const byModel = button(t('comic.idea.model'), () => model.value.trim() ? begin('comic.plan', { ...what(), by: { url: url.value, model: model.value } }, byModel, tell) : tell(t('comic.idea.no_model')), { kind: 'primary', mark: 'spark' });
  const template = button(t('comic.idea.template'), () => begin('comic.plan', what(), template, tell), { mark: 'pages' });
  const node = h('div.way', {}, h('p', {}, t('comic.idea.about')), idea, h('div.row', {}, labelled(t('comic.idea.pages'), pages), labelled(t('comic.field.style'), style), labelled(t('comic.field.language'), language)),
    h('div.row', {}, labelled(t('comic.idea.url'), url), labelled(t('comic.idea.name'), model)), h('div.row.starts', {}, byModel, template), h('p.quiet', {}, t('comic.idea.key')));
  let isFilled = false;
  return {
    node,
    draw(isBusy) {
      byModel.disabled = template.disabled = isBusy;
      if (style.options.length < 2) style.replaceChildren(...styleOptions(t('comic.style.american-classic')));
      const chat = fact('settings')?.chat;
      if (chat && !isFilled) { isFilled = true; url.value = chat.url; model.value = chat.model }
    },
  };
}

const remarks = sentences => { if (sentences?.length) dialog(t('comic.remarks'), h('ul.remarks', {}, sentences.map(one => h('li', {}, one)))) };

/** The plan as a script, to write on in one piece. */
export async function scriptDialog() {
  const written = await act('comic.script');
  if (written === undefined) return;
  const text = h('textarea.script', { spellcheck: 'true', 'aria-label': t('comic.script') }), said = h('p.problem', { role: 'alert', hidden: true }), project = openProject();
  text.value = written;
  const take = button(t('comic.script.take'), async () => {
    take.disabled = true;
    try { const sentences = await ask('comic.begin', { text: text.value }, { project }); shown.close(); remarks(sentences); notice(t('comic.script.taken')) } catch (error) {
      if (!(error instanceof Refused)) throw error;
      said.textContent = error.message;
      said.hidden = false;
    } finally { take.disabled = false }
  }, { kind: 'primary', mark: 'check' });
  const shown = dialog(t('comic.script'), h('form', { onsubmit: event => event.preventDefault() }, h('p.quiet', {}, t('comic.script.about')), text, said, h('div.deeds.end', {}, button(t('cancel'), () => shown.close()), take)));
  shown.box.classList.add('wide');
}
