// The window's script: words first, then the stream, then every part into its place.

import * as comic from './comic.js';
import * as core from './core.js';
import * as dock from './dock.js';
import * as film from './film.js';
import * as intro from './intro.js';
import * as keyframes from './keyframes.js';
import * as keys from './keys.js';
import * as machines from './machines.js';
import * as project from './project.js';
import * as rail from './rail.js';
import * as runs from './runs.js';
import * as settings from './settings.js';
import * as storyboard from './storyboard.js';
import * as testbench from './testbench.js';
import * as versions from './versions.js';
import * as video from './video.js';
import * as where from './where.js';
import * as workflows from './workflows.js';

const parts = { rail, dock, project, storyboard, keyframes, video, film, comic, runs, machines, versions, settings, testbench, workflows, ...settings.parts };

await core.loadWords();
document.title = 'Cindergrace Studio';
Studio.mount = (name, place) => { if (!place.dataset.mounted) { place.dataset.mounted = '1'; parts[name].mount(place) } };
for (const [name, place] of Studio.waiting.splice(0)) Studio.mount(name, place);
keys.start();
core.connect();
Object.assign(Studio, { core, where });
await until(() => document.querySelector('#pages button[role=tab]'));
where.start();
intro.start();
await until(() => document.querySelector(`[data-live=${where.here()}]`)?.dataset.mounted); // Gradio makes a page when it is first shown
Studio.ready = true;

function until(isSo) {
  return new Promise(done => { const asking = setInterval(() => { if (isSo()) { clearInterval(asking); done() } }, 20) });
}
