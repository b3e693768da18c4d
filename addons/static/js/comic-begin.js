// How a comic begins: a script is written, pasted or dropped, and becomes a plan. Also how it is written on as one.

import { Refused, act, ask, button, fact, h, notice, openProject, t, upload } from './core.js';
import { dialog } from './dialogs.js';
import { droppable } from './takes.js';

const styleOptions = () => [h('option', { value: '' }, t('comic.style.own')), ...(fact('comic_styles') ?? []).map(style => h('option', { value: style }, t(`comic.style.${style}`)))];

/** The form of a project that has no comic yet. */
export function beginning(place) {
  const said = h('p.problem', { role: 'alert', hidden: true });
  const text = h('textarea', { rows: 18, spellcheck: 'true', placeholder: t('comic.begin.hint'), 'aria-label': t('comic.script') }), style = h('select', { 'aria-label': t('comic.field.style') }, styleOptions());
  const chooser = h('input', { type: 'file', accept: '.txt,.json', hidden: true, 'aria-label': t('comic.begin.file'), onchange: () => bring([...chooser.files]) });
  const plan = button(t('comic.begin.plan'), () => begin({ text: text.value }), { kind: 'primary', mark: 'pages' });
  const bring = async files => { try { if (files.length) await begin({ upload: await upload(files[0]) }) } catch (error) { if (!(error instanceof Refused)) throw error; tell(error.message) } chooser.value = '' };
  function tell(sentence) { said.textContent = sentence; said.hidden = !sentence }

  async function begin(what) {
    tell('');
    plan.disabled = true;
    try { remarks(await ask('comic.begin', { ...what, style: style.value }, { project: openProject() })) } catch (error) {
      if (!(error instanceof Refused)) throw error;
      tell(error.message);
    } finally { plan.disabled = false }
  }
  place.append(h('h2', {}, t('comic.begin.title')), h('p', {}, t('comic.begin.about')), text, said, chooser,
    h('div.row.starts', {}, plan, style, button(t('comic.begin.file'), () => chooser.click(), { mark: 'drop' }), button(t('comic.begin.example'), async () => { const example = await act('comic.example'); if (example) text.value = example }, { mark: 'recipe' })));
  droppable(place, bring);
  return { draw() { if (style.options.length === 1) style.replaceChildren(...styleOptions()) } };
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
