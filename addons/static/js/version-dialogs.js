// What a version is asked for in a dialog: a new one, its spec, another to compare with, files for elsewhere.

import { Refused, act, ask, button, fact, h, put, t, upload } from './core.js';
import { copyText } from './copytext.js';
import { dialog, form, labelled, sure } from './dialogs.js';

const KINDS = ['published', 'running', 'folder', 'file'];
const FORMS = { dockerfile: 'Dockerfile', pod: 'start.sh', yaml: 'extra_model_paths.yaml', models: 'models.sh', snapshot: 'snapshot.json' };
const plain = { type: 'text', autocomplete: 'off', spellcheck: 'false' };

export function newVersion() {
  const name = h('input', { ...plain, maxlength: '64', placeholder: 'film-a' }), where = h('input', plain), file = h('input', { type: 'file', accept: '.json,.yaml,.yml,.zip' });
  const kind = h('select', { onchange: () => change() }, KINDS.map(one => h('option', { value: one }, t(`versions.of.${one}`))));
  const asked = labelled('', where), chosen = labelled(t('versions.of.file.which'), file), hint = h('p.quiet');
  const change = () => {
    chosen.hidden = kind.value !== 'file';
    asked.hidden = !chosen.hidden;
    put(asked.firstChild, { text: t(`versions.of.${kind.value}.where`) });
    where.placeholder = { published: 'v0.30.0', running: 'http://127.0.0.1:8188', folder: '/home/me/ComfyUI' }[kind.value] ?? '';
    where.value = kind.value === 'running' ? addressNow() : '';
    put(hint, { text: t(`versions.of.${kind.value}.hint`) });
  };
  form(t('versions.new.title'), t('versions.new.make'), [labelled(t('versions.name'), name), labelled(t('versions.of'), kind), asked, chosen, hint], async () => {
    const of = kind.value, id = name.value.trim();
    if (of === 'file' && !file.files.length) throw new Refused(t('versions.of.file.none'));
    await ask('version.create', of === 'file' ? { id, of, upload: await upload(file.files[0]) } : { id, of: of === 'published' ? '' : of, where: where.value.trim() });
  });
  change();
}

const addressNow = () => { const now = fact('settings'); return ['local', 'runpod'].includes(now?.mode) ? now.address ?? '' : '' };

export function copy(id) {
  const name = h('input', { ...plain, maxlength: '64', value: `${id}-2` });
  form(t('versions.copy.title', { id }), t('versions.copy'), labelled(t('versions.name'), name), () => ask('version.clone', { id, new: name.value.trim() }));
}

export async function editSpec(id) {
  const was = await act('version.spec', { id });
  if (was === undefined) return;
  const text = h('textarea.script', { spellcheck: 'false', 'aria-label': t('versions.edit') });
  text.value = was;
  const shown = form(t('versions.edit.title', { id }), t('versions.edit.save'), [text, h('p.quiet', {}, t('versions.edit.hint'))], () => ask('version.rewrite', { id, text: text.value, was }));
  shown.box.classList.replace('narrow', 'wide');
  text.focus();
}

export function compare(id) {
  const others = (fact('versions')?.list ?? []).filter(one => one.id !== id && one.python);
  const other = h('select', { 'aria-label': t('versions.compare.with') }, others.map(one => h('option', { value: one.id }, one.id))), lines = h('ul.differences', { tabindex: '0' }), said = h('p.quiet', { role: 'status' });
  const draw = async () => {
    const found = await act('version.compare', { id, other: other.value });
    if (!found) return;
    put(said, { text: found.length ? '' : t('versions.compare.same') });
    lines.replaceChildren(...found.map(line => h('li', { data: { sign: line[0] } }, h('b', {}, line[0]), h('code', {}, line.slice(2)))));
  };
  other.addEventListener('change', draw);
  dialog(t('versions.compare.title', { id }), labelled(t('versions.compare.with'), other), said, lines).box.classList.add('wide');
  draw();
}

export function exported(id) {
  const kind = h('select', { 'aria-label': t('versions.export.what') }, Object.keys(FORMS).map(one => h('option', { value: one }, t(`versions.export.${one}`)))), hint = h('p.quiet'), text = h('pre.export', { tabindex: '0' });
  const save = () => {
    const url = URL.createObjectURL(new Blob([text.textContent], { type: 'text/plain' }));
    h('a', { href: url, download: FORMS[kind.value] }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  };
  const draw = async () => {
    const wanted = kind.value, found = await act('version.export', { id, form: wanted });
    if (wanted !== kind.value) return;
    put(hint, { text: t(`versions.export.${wanted}.hint`) });
    put(text, { text: found ?? '' });
    for (const deed of deeds) put(deed, { disabled: !found });
  };
  const deeds = [button(t('versions.export.copy'), () => copyText(text.textContent, 'versions.export.copied', text), { mark: 'copy' }), button(t('versions.export.save'), save, { mark: 'down', kind: 'primary' })];
  kind.addEventListener('change', draw);
  dialog(t('versions.export.title', { id }), labelled(t('versions.export.what'), kind), hint, text,
    h('div.deeds.end', {}, deeds)).box.classList.add('wide');
  draw();
}

export async function showLog(id) {
  const lines = await act('version.log', { id });
  if (lines) dialog(t('versions.log.of', { id }), h('pre.export', { tabindex: '0' }, lines.join('\n') || t('versions.log.empty'))).box.classList.add('wide');
}

export const askReproduce = id => sure(t('versions.reproduce.sure', { id }), t('versions.reproduce'), () => act('version.reproduce', { id }));

/** What was only planned is all there is to delete; what is realized can go and leave its spec. */
export function askDelete(id, { closure }) {
  const spec = h('input', { type: 'checkbox' });
  const { close } = dialog(t('versions.delete.title', { id }), h('p', {}, t(closure ? 'versions.delete.said' : 'versions.delete.planned')), closure && h('label.tick', {}, spec, h('span', {}, t('versions.delete.spec'))),
    h('div.deeds.end', {}, button(t('cancel'), () => close(), {}), button(t('versions.delete.now'), () => { close(); act('version.delete', { id, with_spec: !closure || spec.checked }) }, { kind: 'danger' })));
}
