// Undo and redo: the buttons, and the one of a notice, which takes back what the notice is about and nothing else.

import { act, button, fact, put, t } from './core.js';
import { redo, undo } from './where.js';

/** Two buttons that say what they would take back. */
export function undoButtons() {
  const back = button('', undo, { mark: 'undo', title: t('undo'), key: 'Ctrl Z' }), forth = button('', redo, { mark: 'redo', title: t('redo'), key: 'Ctrl Y' });
  const show = (node, name, step) => put(node, { disabled: !step, title: step ? `${t(name)}: ${t(`step.${step.label}`)} ${step.about}` : t(name) });
  return { nodes: [back, forth], draw() { show(back, 'undo', fact('project')?.undo); show(forth, 'redo', fact('project')?.redo) } };
}

/** What a notice offers for a step that was just taken: undone, unless something else was done since. */
export const takeBack = step => ({ label: t('undo'), run: () => act('undo', { step }) });
