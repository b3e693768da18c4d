// Reading a comic page by page, and handing it out as files.

import { Refused, ask, button, fact, follow, h, put, show, t } from './core.js';
import { comic, pageUrl, paperName, shape } from './comic-facts.js';
import { dialog } from './dialogs.js';
import { fileLinks } from './outcomes.js';

/** Pages as large as the window; arrows turn them, the other way round where they are read from right to left. */
export function read(id = '') {
  const pages = () => comic()?.pages ?? [];
  let at = Math.max(0, pages().findIndex(page => page.id === id));
  const img = h('img', { alt: '' }), number = h('small.count');
  const turn = by => { if (pages()[at + by]) { at += by; draw() } };
  const key = event => { const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key]; if (by) { event.preventDefault(); turn(comic().is_rtl ? -by : by) } };
  const { box } = dialog(comic()?.title ?? '', h('div.reading', {}, button('', () => turn(comic().is_rtl ? 1 : -1), { kind: 'ghost', mark: 'left', title: t('comic.page.left') }), img, button('', () => turn(comic().is_rtl ? -1 : 1), { kind: 'ghost', mark: 'right', title: t('comic.page.right') })), number);
  box.classList.add('reader');
  box.addEventListener('keydown', key);
  function draw() {
    const page = pages()[at];
    if (!page) return;
    shape(img);
    show(img, pageUrl(page, 'read'));
    put(img, { alt: t('comic.page.n', { n: page.number }) });
    put(number, { text: `${at + 1} / ${pages().length}` });
  }
  follow(['comic', 'panel/'], img, draw);
  draw();
}

export function exportDialog() {
  const said = h('p.problem', { role: 'alert', hidden: true }), made = h('div.made');
  const form = h('select', { 'aria-label': t('comic.export.form') }, ['pdf', 'cbz', 'epub', 'webtoon', 'png', 'jpeg', 'editor'].map(name => h('option', { value: name }, t(`comic.export.${name}`))));
  const paper = h('select', { 'aria-label': t('comic.export.paper') }, (fact('comic_papers') ?? []).map(name => h('option', { value: name }, paperName(name))));
  paper.value = comic().paper;
  const choose = () => { paper.disabled = form.value === 'webtoon'; put(paper, { title: paper.disabled ? t('comic.paper.none') : null }) };
  form.addEventListener('change', choose);
  dialog(t('comic.export'), h('p.quiet', {}, t('comic.export.about')), h('div.row.starts', {}, form, paper, button(t('comic.export.make'), make, { kind: 'primary', mark: 'download' })), said, made);
  let id = '';
  async function make(event) {
    event.target.closest('button').disabled = true;
    said.hidden = true;
    try { id = (await ask('comic.export', { format: form.value, paper: paper.value }))[0] ?? id; // none: the same waits already
      made.replaceChildren(h('p.quiet', {}, t('comic.export.under_way'))) } catch (error) {
      if (!(error instanceof Refused)) throw error;
      said.textContent = error.message;
      said.hidden = false;
    } finally { event.target.closest('button').disabled = false }
  }
  follow(['outcomes'], made, () => {
    const outcome = (fact('outcomes') ?? []).find(one => one.id === id);
    if (outcome) made.replaceChildren(...(outcome.is_bad ? [h('p.problem', { role: 'alert' }, outcome.said.join(' '))] : [h('p.good', {}, t('comic.export.done')), h('div.links', {}, fileLinks(outcome)), ...outcome.said.map(one => h('p.quiet', {}, one))]));
  });
}
