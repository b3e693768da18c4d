// What is known of the comic: its pages and panels, where they stand, and what its paper is called.

import { fact, openProject, t } from './core.js';
import { isActive } from './dock.js';
import { madeOf } from './making.js';
import { picturesOf } from './takes.js';

export const comic = () => fact('comic');
export const panel = id => fact(`panel/${id}`);
export const panelIds = () => comic()?.pages.flatMap(page => page.panels) ?? [];
export const pageOf = id => comic()?.pages.find(page => page.panels.includes(id));
export const pageUrl = (page, size) => `studio/comic/${encodeURIComponent(page.id)}?size=${size}&p=${openProject()}&v=${page.stamp}`;

/** Pages in it have the shape of their paper. */
export const shape = node => (comic()?.sides ?? []).forEach((side, n) => node.style.setProperty(['--wide', '--high'][n], side));

/** The places of a layout, in percent of the page. */
export const placesOf = (layout, isRtl) => (fact('comic_layouts')?.[layout] ?? []).map(([x, y, w, h]) => [isRtl ? 100 - x - w : x, y, w, h]);

export function paperName(name) {
  if (name === 'Square') return t('comic.paper.square');
  return name.endsWith('-landscape') ? t('comic.paper.landscape', { paper: name.replace('-landscape', '') }) : name;
}

/** What draws a panel or somebody's portrait just now, or waits to. */
export const busy = id => madeOf(id).filter(run => ['panel', 'portrait'].includes(run.deed)).find(isActive);

export const chosenOf = pictures => pictures.find(take => take.isPicked) ?? pictures.at(-1);

/** The picture of a panel that its page shows: the chosen one, else the newest. */
export const shownOf = one => one?.own ? undefined : chosenOf(picturesOf(one));
