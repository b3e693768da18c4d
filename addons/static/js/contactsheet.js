// The storyboard on paper: how the first page would look, and the PDF.

import { Refused, ask, button, fact, follow, h, put, runs, t, tn } from './core.js';
import { sendEdits } from './boardfields.js';
import { isActive } from './dock.js';
import { dialog } from './dialogs.js';
import { fileLinks } from './outcomes.js';

export function contactSheet() {
  const layout = { columns: Number(localStorage.getItem('studio.sheet.columns') ?? 3), landscape: localStorage.getItem('studio.sheet.landscape') === 'true' };
  const page = h('img', { alt: t('sheet.first') }), said = h('p.problem', { role: 'alert', hidden: true }), pages = h('small'), made = h('div.made');
  const make = button(t('sheet.make'), print, { kind: 'primary', mark: 'pages' });
  const several = (name, values, label) => h('div.field', {}, h('span', {}, t(`sheet.${name}`)), h('div.segments', { role: 'group', 'aria-label': t(`sheet.${name}`) },
    values.map(value => h('button', { type: 'button', 'aria-pressed': String(layout[name] === value), onclick: event => choose(name, value, event.target.closest('button')) }, label(value)))));
  const { box } = dialog(t('sheet.title'), h('div.contact', {},
    h('div.paper', {}, page), h('div.options', {}, several('columns', [2, 3, 4], String), several('landscape', [false, true], is => t(is ? 'sheet.landscape.yes' : 'sheet.landscape.no')), pages, h('div.grow'), said, made, make)));
  let shown = 0, id = null;
  box.classList.add('always'); // what stands fixed counts as not seen otherwise

  function choose(name, value, chosen) {
    layout[name] = value;
    localStorage.setItem(`studio.sheet.${name}`, value);
    for (const one of chosen.parentElement.children) put(one, { 'aria-pressed': String(one === chosen) });
    draw();
  }

  async function draw() {
    const turn = ++shown;
    await sendEdits();
    box.classList.add('is-drawing');
    const answer = await fetch(`studio/sheet?columns=${layout.columns}&landscape=${layout.landscape}`).catch(() => null);
    if (turn !== shown || !box.isConnected) return;
    box.classList.remove('is-drawing');
    said.hidden = !!answer?.ok;
    if (!answer?.ok) return put(said, { text: answer ? (await answer.json()).error : t('error.gone') });
    put(pages, { text: tn('sheet.pages', Number(answer.headers.get('x-pages'))) });
    URL.revokeObjectURL(page.src);
    page.src = URL.createObjectURL(await answer.blob());
  }

  async function print() {
    make.disabled = true; // at once: a second click would print it again
    try {
      await sendEdits();
      [id] = await ask('sheet.make', layout);
      said.hidden = true;
      drawMade();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      make.disabled = false;
      put(said, { text: error.message });
      said.hidden = false;
    }
  }

  let drawn = ''; // which outcome is
  function drawMade() {
    if (!id) return;
    const run = runs().find(each => each.id === id), outcome = (fact('outcomes') ?? []).find(each => each.id === id);
    make.disabled = !outcome && (!run || isActive(run));
    if (outcome && outcome.id === drawn) return;
    drawn = outcome?.id ?? '';
    if (outcome) made.replaceChildren(...(outcome.is_bad ? [h('p.problem', { role: 'alert' }, outcome.said.join(' '))] : [h('p.good', {}, t('sheet.made')), h('div.links', {}, fileLinks(outcome)), ...outcome.said.map(s => h('p.quiet', {}, s))]));
    else made.replaceChildren(h('p.quiet', {}, run?.note || t(`state.${run?.state ?? 'waiting'}`)));
  }
  follow(['outcomes', 'run/'], box, drawMade);
  box.addEventListener('close', () => URL.revokeObjectURL(page.src));
  draw();
}
