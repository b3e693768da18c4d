// Words onto the clipboard. A browser keeps it closed over plain http from another computer: then they are
// selected, to be copied by hand.

import { h, notice, t } from './core.js';
import { dialog } from './dialogs.js';

/** `said` is the key of what is told once it is done; `place` shows the words already, if anything does. */
export async function copyText(words, said, place = null) {
  try {
    await navigator.clipboard.writeText(words);
    notice(t(said));
  } catch {
    const shown = place ?? shownIn(words);
    shown.closest('details')?.setAttribute('open', '');
    getSelection().selectAllChildren(shown);
    notice(t('copy.yourself'));
  }
}

function shownIn(words) {
  const pre = h('pre', { tabindex: '0' }, words);
  dialog(t('copy.title'), pre).box.classList.add('recipesheet');
  pre.focus();
  return pre;
}
