// What a page of shots shows where there are none: the way to the storyboard.

import { button, h, t } from './core.js';
import { go } from './where.js';

export const noShots = () => [h('b', {}, t('blank.title')), h('p', {}, t('blank.first')), button(t('page.storyboard'), () => go('storyboard'), { kind: 'primary', mark: 'storyboard' })];
