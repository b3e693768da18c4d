// What rented machines cost: the meter in the rail, and the panel with its limits.

import { act, button, clock, fact, follow, h, put, shots, t } from './core.js';
import { labelled } from './dialogs.js';

/** `digits` more than two for what a single take costs. */
export const dollars = (amount, digits = 2) => new Intl.NumberFormat(document.documentElement.lang || 'en', { style: 'currency', currency: 'USD', minimumFractionDigits: 2, maximumFractionDigits: digits }).format(amount ?? 0);
const least = (amount, is) => is ? t('money.least', { amount: dollars(amount) }) : dollars(amount);
const perHour = amount => t('money.perHour', { amount: dollars(amount) });

/** What so many of a deed will take and cost, from how long they took in this project; nothing where no money goes. */
export function estimate(deed, count) {
  if (fact('settings')?.mode === 'serverless') return estimateAtEndpoint(deed, count);
  const money = fact('money') ?? {}, each = money.seconds?.[deed], price = money.drawing_per_hour;
  if (!price || !each || !count) return '';
  const took = each * count / Math.max(1, Math.min(count, fact('queue')?.lanes ?? 1));
  return t('money.estimate', { time: clock(took), amount: dollars(Math.max(0.01, took / 3600 * price)) });
}

/** An endpoint is paid for by what its workers did, side by side or not. How long that is, earlier takes say; how long
 *  they waited there says nothing, and what starting and idling add is not known before. */
function estimateAtEndpoint(deed, count) {
  const price = fact('backend')?.serverless?.endpoint.price, each = worked(deed);
  if (!price || !each || !count) return '';
  return t('money.estimate.endpoint', { time: clock(each * count), amount: dollars(Math.max(0.01, each * count / 3600 * price)) });
}

/** Seconds that workers took for such a thing in this project on an average: a picture, or all segments of a shot. */
function worked(deed) {
  const isSegment = take => /\.\d+_v\d+$/.test(take.name), all = [];
  for (const { takes } of shots()) {
    const known = takes.filter(take => take.worked && take.state === 'done' && isSegment(take) === (deed === 'video'));
    if (deed !== 'video') all.push(...known.map(take => take.worked));
    else if (known.length) all.push([...new Map(known.map(take => [take.name.replace(/_v\d+$/, ''), take.worked])).values()].reduce((a, b) => a + b));
  }
  return all.length ? all.reduce((a, b) => a + b) / all.length : 0;
}

/** In the rail: what goes out now, and when it ends by itself. */
export function meter() {
  const rate = h('b'), today = h('small'), idle = h('small.idle'), keep = button(t('money.keep'), () => act('money.keep'), { kind: 'link', title: t('money.keep.hint') });
  const trouble = h('p.trouble', { role: 'alert' });
  const place = h('section.money', { 'aria-label': t('money.title'), hidden: true }, h('div.now', {}, rate, today), h('div.idling', {}, idle, keep), trouble);
  const draw = () => {
    const money = fact('money') ?? {}, failing = failingStop();
    place.hidden = !(money.per_hour || money.reached || failing || money.today);
    put(rate, { text: money.per_hour ? perHour(money.per_hour) : '' });
    put(today, { text: t('money.today', { amount: least(money.today, money.is_least) }) });
    const left = money.idle_until ? Math.max(0, money.idle_until - Date.now() / 1000) : null;
    idle.parentNode.hidden = left == null;
    if (left != null) put(idle, { text: t('money.idle', { time: clock(left) }) });
    put(trouble, { text: failing ? t('money.failing', { said: failing.said }) : money.reached ? t(`money.reached.${money.reached}`) : '' });
  };
  setInterval(() => fact('money')?.idle_until && draw(), 1000);
  return { place, draw };
}

/** A pod that is to be stopped and does not stop: it costs on. */
function failingStop() {
  return Object.values(fact('pods/orders') ?? {}).find(order => ['stop', 'terminate'].includes(order.action) && order.said);
}

/** On the page: sums, limits and the account. */
export function panel() {
  const sums = ['hour', 'run', 'project', 'today', 'balance'].map(name => h('div.sum', { data: { sum: name } }, h('dt', {}, t(`money.sum.${name}`)), h('dd')));
  const limits = [['day', 'USD'], ['project', 'USD'], ['idle_minutes', 'min']].map(([name, unit]) => {
    const input = h('input', { type: 'number', min: '0', step: name === 'idle_minutes' ? '1' : '0.5', placeholder: t('money.none'), name: `limit-${name}` });
    input.addEventListener('change', () => act('money.limit', { name, value: Number(input.value || 0) }).then(draw));
    return { name, input, field: labelled(t(`money.limit.${name}`), h('span.unit', { 'data-unit': unit }, input)) };
  });
  const notes = h('div.notes'), hint = h('p.quiet');
  const place = h('aside.purse', {}, h('h2', {}, t('money.title')), h('dl.sums', {}, sums), h('h2', {}, t('money.limits')), limits.map(one => one.field), hint, notes);
  function draw() {
    const money = fact('money') ?? {}, pods = fact('pods') ?? {};
    const run = Object.values(money.runs ?? {}).reduce((a, b) => a + b, 0);
    const rate = workersRate();
    const values = { hour: rate ? t('endpoint.price', { amount: dollars(rate + (money.per_hour ?? 0)) }) : money.per_hour && perHour(money.per_hour), run: run && dollars(run), project: fact('project') && least(money.project, money.is_projects_least), today: least(money.today, money.is_least), balance: pods.balance != null && dollars(pods.balance) };
    for (const sum of sums) {
      put(sum.lastChild, { text: values[sum.dataset.sum] || '–' });
      if (sum.dataset.sum === 'balance') sum.hidden = !values.balance;
    }
    const isServerless = fact('settings')?.mode === 'serverless';
    put(hint, { text: isServerless ? `${t('money.limits.hint.serverless')} ${t('money.bill.hint')}` : t('money.limits.hint') });
    limits.find(one => one.name === 'idle_minutes').field.hidden = isServerless && !money.per_hour; // an endpoint's workers end by themselves
    const kept = { day: money.cap_day, project: money.cap_project, idle_minutes: money.idle_minutes };
    for (const { name, input } of limits) put(input, { value: kept[name] ? String(kept[name]) : '' });
    const said = [money.reached && t(`money.reached.${money.reached}`), money.bill_said, ...warnings(pods)].filter(Boolean);
    if (notes.dataset.said !== said.join('\n')) notes.dataset.said = said.join('\n'), notes.replaceChildren(...said.map(text => h('p', {}, text)));
  }
  return { place, draw };
}

/** What the workers of the endpoint that are at work cost an hour. */
function workersRate() {
  const seen = fact('settings')?.mode === 'serverless' && fact('backend')?.serverless;
  return seen ? (seen.workers?.running ?? 0) * seen.endpoint.price : 0;
}

/** What is told when it matters: disks that cost while a pod is stopped, and what happens at balance 0. */
function warnings(pods) {
  const ours = (pods.list ?? []).filter(pod => pod.is_ours && pod.state !== 'gone'), said = [];
  const disks = ours.filter(pod => pod.state === 'stopped' && pod.volume);
  const monthly = disks.reduce((sum, pod) => sum + pod.month_stopped, 0);
  if (monthly) said.push(t('money.disks', { amount: dollars(monthly), names: disks.map(pod => pod.name).join(', ') }));
  const mortal = ours.filter(pod => pod.is_mortal);
  const hours = pods.balance != null && fact('money')?.per_hour ? pods.balance / fact('money').per_hour : null;
  if (mortal.length && hours != null && hours < 3) said.push(t('money.mortal', { time: clock(hours * 60), names: mortal.map(pod => pod.name).join(', ') }));
  return said;
}

export function followMoney(place, draw) { follow(['money', 'pods', 'project', 'settings', 'backend'], place, draw) }
