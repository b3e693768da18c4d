// Dialogs over the page: something to look at, or something to answer.

import { Refused, button, h, put, t } from './core.js';

/** A dialog over the page; Escape closes it, and a click beside it, unless something is filled in there. */
export function dialog(title, ...content) {
  let isBeside = false; // the press; a selection of words with the mouse may end beside what it began in
  const close = () => { box.close(); box.remove() };
  const beside = event => {
    const { left, right, top, bottom } = box.getBoundingClientRect();
    return event.target === box && (event.clientX < left || event.clientX > right || event.clientY < top || event.clientY > bottom);
  };
  const box = h('dialog.sheet', {
    'aria-label': title, onclose: () => box.remove(),
    onpointerdown: event => { isBeside = beside(event) },
    onclick: event => isBeside && beside(event) && !box.querySelector(':scope > form') && close(),
  },
    h('header', {}, h('h2', {}, title), button('', close, { mark: 'close', kind: 'ghost', title: t('close') })), ...content);
  document.body.append(box);
  box.showModal();
  return { box, close };
}

/** A form in a dialog: Enter does the deed, and a refusal is said in it. */
export function form(title, deed, fields, run) {
  const said = h('p.problem', { role: 'alert', hidden: true });
  const submit = h('button.btn.primary', { type: 'submit' }, h('span', {}, deed));
  const body = h('form.ask', { novalidate: true }, fields, said, h('div.deeds.end', {}, button(t('cancel'), () => shown.close(), {}), submit));
  const shown = dialog(title, body);
  shown.box.classList.add('narrow');
  body.addEventListener('submit', async event => {
    event.preventDefault();
    submit.disabled = true;
    try { if (await run() !== false) shown.close() } catch (error) {
      if (!(error instanceof Refused)) throw error;
      put(said, { text: error.message });
      said.hidden = false;
    } finally { submit.disabled = false }
  });
  body.querySelector('input')?.focus();
  body.querySelector('input')?.select();
  return shown;
}

export const labelled = (label, control, ...more) => h('label.field', {}, h('span', {}, label), control, ...more);

/** The one question there is: before something is gone for good. */
export function sure(sentence, deed, run) {
  const { close } = dialog(deed, h('p.said', {}, sentence),
    h('div.deeds.end', {}, button(t('cancel'), () => close(), {}), button(deed, () => { close(); run() }, { kind: 'danger' })));
}
