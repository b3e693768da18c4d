// What pages keep by the name of a shot or a take is of one project: each of them has a 001 and a 001_v1.

import { fact, follow } from './core.js';

const resets = [];
let path = '';
follow(['project'], document.body, () => { // before any page draws
  const now = fact('project')?.path ?? path, isOther = path && now !== path;
  path = now;
  if (isOther) for (const reset of resets) reset();
});

/** Call `reset` when another project is opened. */
export function onProject(reset) { resets.push(reset) }
