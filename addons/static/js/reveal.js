// Folders shown in the file manager, where the page is on the studio's own machine.

import { notice, t } from './core.js';

let isHere = null;

/** Whether this page is on the studio's machine. */
export const here = () => isHere ??= fetch('studio/here').then(answer => answer.json()).then(said => said.here).catch(() => false);

/** `what` is "project", or an errand whose file's folder is meant. */
export async function reveal(what) {
  const answer = await fetch(`studio/reveal/${encodeURIComponent(what)}`, { method: 'POST', headers: { 'X-Studio': '1' } }).catch(() => null);
  if (answer?.ok) return;
  notice(answer ? (await answer.json()).error : t('error.gone'), 'bad');
}
