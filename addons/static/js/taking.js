// Files and folders on their way in: chosen, dropped or named, they become something the studio can look at.

import { Refused, ask, language, t, upload } from './core.js';

const MOST = 5000; // files of one folder

/** What was dropped, as {name, files: [{file, path}]}; a folder with everything below it. */
export async function dropped(transfer) {
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some(entry => entry.isDirectory)) return chosen([...transfer.files]);
  const files = [];
  for (const entry of entries) await walk(entry, entries.length > 1 ? '' : null, files);
  return { name: entries.length === 1 ? entries[0].name : t('import.several'), files, isFolder: true };
}

async function walk(entry, within, files) {
  const path = within === null ? '' : `${within}${entry.name}`;
  const read = take => new Promise(take).catch(() => { throw new Refused(t('import.unreadable', { name: entry.name })) });
  if (entry.isFile) files.push({ file: await read((done, failed) => entry.file(done, failed)), path: path || entry.name });
  if (files.length > MOST) throw new Refused(t('import.tooMany', { most: MOST.toLocaleString(language) })); // a part of it would look like all
  if (entry.isFile) return;
  const reader = entry.createReader();
  for (;;) { // a hundred at a time is all a browser gives
    const some = await read((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return;
    for (const each of some) await walk(each, path ? `${path}/` : '', files);
  }
}

/** Files from a chooser; those of a folder say where in it they lay. */
export function chosen(files) {
  const top = files[0]?.webkitRelativePath?.split('/')[0];
  if (top) return { name: top, isFolder: true, files: files.map(file => ({ file, path: file.webkitRelativePath.split('/').slice(1).join('/') })) };
  return { name: files.length > 1 ? t('import.several') : files[0]?.name ?? '', isFolder: files.length > 1, files: files.map(file => ({ file, path: file.name })) };
}

/** Hand everything over; returns what `import.look` takes. `told` hears how far it is. */
export async function handOver({ name, files, isFolder }, told, signal) {
  if (!isFolder) return upload(files[0].file);
  const wanted = files.filter(({ path }) => !path.split('/').some(part => part.startsWith('.')));
  const places = {};
  for (const [n, { file, path }] of wanted.entries()) {
    if (signal.aborted) return null;
    told(n, wanted.length, path);
    places[await upload(file)] = path;
  }
  return ask('import.gather', { name, files: places });
}
