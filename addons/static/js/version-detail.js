// One version: what it is to the byte, and what can be done with it.

import { act, button, fact, h, keyed, put, t, tn } from './core.js';
import { copyText } from './copytext.js';
import { bytes } from './disk.js';
import { askDelete, askReproduce, compare, copy, editSpec, exported, showLog } from './version-dialogs.js';
import { isAtWork } from './version-work.js';

const TORCH = ['', 'cpu', 'cu126', 'cu128', 'cu130', 'rocm6.4', 'xpu']; // as uv calls them

export const draws = id => fact('settings')?.mode === 'managed' && fact('settings')?.version === id;
export const commitOf = repo => [repo.ref, repo.commit.slice(0, 9)].filter(Boolean).join(' · ');

export function makeDetail() {
  let shown = null;
  const of = run => () => shown && run(shown.id);
  const title = h('h2'), state = h('p.quiet'), facts = h('dl'), nodes = h('ul.parts'), models = h('ul.parts');
  const heads = [h('h3'), h('h3')];
  const torch = h('select', { 'aria-label': t('versions.torch') }, TORCH.map(name => h('option', { value: name }, name || t('versions.torch.usual'))));
  const realize = button(t('versions.realize'), () => act('version.realize', { id: shown.id, torch: torch.value }), { mark: 'download', kind: 'primary', title: t('versions.realize.hint') });
  const use = button(t('versions.use'), of(id => act('version.use', { id })), { mark: 'play', kind: 'primary' });
  const resolve = button(t('versions.resolve'), () => act('version.resolve', { id: shown.id, torch: torch.value }), { mark: 'again', title: t('versions.resolve.hint') });
  const ofBuild = [
    button(t('versions.verify'), of(id => act('version.verify', { id })), { mark: 'check', title: t('versions.verify.hint') }),
    button(t('versions.deep'), of(id => act('version.verify', { id, is_deep: true })), { title: t('versions.deep.hint') }),
    button(t('versions.probe'), of(id => act('version.probe', { id })), { title: t('versions.probe.hint') }),
    button(t('versions.reproduce'), of(askReproduce), { title: t('versions.reproduce.hint') })];
  const ofLock = [button(t('versions.compare'), of(compare), { mark: 'compare' }), button(t('versions.export'), of(exported), { mark: 'down' })];
  const log = button(t('versions.log'), of(showLog), { mark: 'pages' });
  const ofSpec = [button(t('versions.edit'), of(editSpec), { mark: 'own' }), button(t('versions.copy'), of(copy), { mark: 'copy' }), log, button(t('versions.delete'), of(id => askDelete(id, shown)), { mark: 'bin', kind: 'danger' })];
  const made = h('section', {}, h('h3', {}, t('versions.check')), h('div.deeds', {}, ofBuild));
  const place = h('aside.detail', { 'aria-label': t('versions.detail') }, title, state, h('div.deeds.first', {}, realize, use, resolve), h('label.field.torch', {}, h('span', {}, t('versions.torch')), torch),
    facts, made, h('section', {}, h('h3', {}, t('versions.elsewhere')), h('div.deeds', {}, ofLock)), heads[0], nodes, heads[1], models, h('div.deeds.last', {}, ofSpec));

  function draw(one) {
    place.hidden = !one;
    if (!one) return;
    const backend = one.python?.backend ?? '';
    if (![...torch.options].some(option => option.value === backend)) torch.append(h('option', { value: backend }, backend));
    if (shown?.id !== one.id || shown?.python?.backend !== one.python?.backend) torch.value = backend;
    shown = one;
    const isBuilt = ['realized', 'changed'].includes(one.state), isBroken = one.state === 'broken', isLocked = ['resolved', 'realized'].includes(one.state);
    put(title, { text: one.id });
    put(state, { text: one.said ? one.said : draws(one.id) ? t('versions.draws.how') : t(`versions.how.${one.state}`) });
    realize.hidden = isBroken || one.state === 'realized';
    use.hidden = !isBuilt || draws(one.id);
    put(use, { class: `btn${one.state === 'changed' ? '' : ' primary'}` });
    resolve.hidden = isBroken;
    torch.parentElement.hidden = isBroken;
    made.hidden = log.hidden = !isBuilt;
    ofLock[0].parentElement.parentElement.hidden = !isLocked;
    ofLock[0].hidden = !(fact('versions')?.list ?? []).some(other => other.id !== one.id && other.python);
    for (const one of [realize, resolve, ...ofBuild, ofSpec.at(-1)]) put(one, { disabled: isAtWork() });
    drawFacts(facts, one);
    drawParts(heads[0], nodes, one.nodes.map(node => [node.name, commitOf(node), node.repo]), n => tn('versions.nodes', n));
    const weight = one.models.reduce((sum, model) => sum + (model.size ?? 0), 0);
    drawParts(heads[1], models, one.models.map(model => [model.target, model.size == null ? '' : bytes(model.size), '']), n => [tn('versions.models', n), weight && bytes(weight)].filter(Boolean).join(' · '));
  }
  return { place, draw };
}

function drawFacts(place, one) {
  const rows = [
    [t('versions.comfy'), commitOf(one.comfy), one.comfy.repo],
    one.python && [t('versions.python'), [one.python.version, tn('versions.packages', one.python.packages)].join(' · '), ''],
    one.python?.torch && ['PyTorch', one.python.torch, ''],
    one.closure && [t('versions.closure'), one.closure.slice(0, 16), one.closure]].filter(Boolean);
  if (place.dataset.of === JSON.stringify(rows)) return;
  place.dataset.of = JSON.stringify(rows);
  place.replaceChildren(...rows.flatMap(([name, value, more]) => [h('dt', {}, name), h('dd', { title: more || null }, h('code', {}, value),
    more && more === one.closure ? button('', () => copyText(more, 'versions.closure.copied'), { mark: 'copy', kind: 'ghost', title: t('versions.closure.copy') }) : more && h('small', {}, more.replace(/^https?:\/\//, '').replace(/\.git$/, '')))]));
}

function drawParts(head, list, parts, named) {
  head.hidden = list.hidden = !parts.length;
  put(head, { text: parts.length ? named(parts.length) : '' });
  keyed(list, parts, part => part[0], () => h('li', {}, h('span'), h('code')), (row, [name, value, more]) => {
    put(row, { title: more || name });
    put(row.firstChild, { text: name });
    put(row.lastChild, { text: value });
  });
}
