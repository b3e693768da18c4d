// What is wrong with whoever draws, and the one button that helps.

import { act, button, fact, t } from './core.js';
import { go } from './where.js';

const DEEDS = {
  start: (target, pod) => act('pod.order', { id: pod, action: 'start' }),
  restart: (target, pod) => act('pod.order', { id: pod, action: 'restart' }),
  logs: (target, pod) => { go('machines'); act('pod.log', { id: pod }) },
  port: (target, pod) => act('pod.use', { id: pod, port: Number(target) }),
  find: target => act('pod.use', { id: target }),
  choose: () => go('machines'),
  gpu: () => go('machines'),
  again: () => act('pod.look'),
  workers: () => act('endpoint.raise'),
  settings: () => go('settings'),
};

/** Whether a pod is among the machines that draw. */
export function draws(pod) {
  const settings = fact('settings') ?? {};
  return settings.mode === 'runpod' && settings.pod_id === pod || ['local', 'runpod'].includes(settings.mode) && !!settings.more?.some(machine => machine === pod || machine.startsWith(`https://${pod}-`));
}

/** The diagnosis, where there is one: its sentence and its button. */
export function remedy() {
  const found = fact('doctor');
  const settings = fact('settings') ?? {}, isOfNow = found?.endpoint ? settings.mode === 'serverless' && settings.endpoint === found.endpoint : draws(found?.pod);
  if (!found || !isOfNow) return null; // it is about the one before
  const deed = DEEDS[found.remedy];
  return { said: found.said, button: deed && button(t(`remedy.${found.remedy}`, { port: found.target }), () => deed(found.target, found.pod), { kind: 'primary' }), key: `${found.pod}${found.endpoint ?? ''} ${found.remedy} ${found.target}` };
}
