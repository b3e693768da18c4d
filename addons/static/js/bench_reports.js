// The last reports, side by side: so that two GPUs can be compared.

import { fact, h, language, t } from './core.js';

export const when = at => new Date(at * 1000).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' });
const COLUMNS = { image: 's', clip: 's', upload: 'MB/s', download: 'MB/s' };
const rates = Object.keys(COLUMNS);
const shown = rate => rate == null ? '–' : rate.toFixed(rate < 10 ? 2 : 1);

/** `choose` is called with the id of a report that is to be looked at. */
export function drawReports(place, current, choose) {
  const reports = fact('bench/reports') ?? [];
  place.hidden = !reports.length;
  const hadFocus = place.contains(document.activeElement) ? document.activeElement.dataset.report : null;
  place.replaceChildren(h('h3', {}, t('bench.reports')), h('div.scroll', {}, h('table', {},
    h('thead', {}, h('tr', {}, ['backend', 'with', ...rates, 'result'].map(name => h('th', { scope: 'col', class: COLUMNS[name] && 'number' }, t(`bench.column.${name}`), COLUMNS[name] && h('small', {}, ` ${COLUMNS[name]}`))))),
    h('tbody', {}, reports.map(report => row(report, report.id === current, choose))))));
  if (hadFocus) place.querySelector(`[data-report="${CSS.escape(hadFocus)}"]`)?.focus();
}

function row(report, isCurrent, choose) {
  const counts = state => report.states.filter(other => other === state).length;
  const failed = counts('failed'), skipped = counts('skipped');
  return h('tr', { 'aria-current': isCurrent ? 'true' : null, onclick: event => event.target.closest('button') || choose(report.id) },
    h('td', {}, h('button', { type: 'button', data: { report: report.id }, onclick: () => choose(report.id) }, when(report.at)),
      h('small', { title: report.address }, [report.name || t('bench.nobody'), report.gpu].filter(Boolean).join(' · '))),
    h('td.with', {}, report.workflows.map(name => h('small', { title: name }, name))),
    rates.map(name => h('td.number', {}, shown(report.rates[name]))),
    h('td', { 'data-kind': failed ? 'failed' : 'ok' }, failed ? t('bench.result.failed', { n: failed }) : t('bench.result.good', { n: counts('ok') }), skipped > 0 && h('small', {}, t('bench.result.skipped', { n: skipped }))));
}
