// What is wrong with whoever draws, and the one button that helps.

import { act, button, fact, t } from './core.js';
import { go } from './where.js';

const DEEDS = {
  start: () => act('pod.order', { id: chosen(), action: 'start' }),
  restart: () => act('pod.order', { id: chosen(), action: 'restart' }),
  logs: () => { go('machines'); act('pod.log', { id: chosen() }) },
  port: target => act('pod.use', { id: chosen(), port: Number(target) }),
  find: target => act('pod.use', { id: target }),
  choose: () => go('machines'),
  gpu: () => go('machines'),
  again: () => act('pod.look'),
};

const chosen = () => fact('settings')?.pod_id ?? '';

/** The diagnosis, where there is one: its sentence and its button. */
export function remedy() {
  const found = fact('doctor');
  if (!found) return null;
  const deed = DEEDS[found.remedy];
  return { said: found.said, button: deed && button(t(`remedy.${found.remedy}`, { port: found.target }), () => deed(found.target), { kind: 'primary' }), key: `${found.remedy} ${found.target}` };
}
