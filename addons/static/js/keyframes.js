import { h, t } from './core.js';

export function mount(place) { place.append(h('div.page', {}, h('header.head', {}, h('h1', {}, t('page.keyframes'))))) }
