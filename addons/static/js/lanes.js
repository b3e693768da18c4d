// Several machines that draw as one: what each is doing, and which more there are.

import { act, button, fact, h, keyed, percent, put, t, tn } from './core.js';
import { labelled } from './dialogs.js';

export function makeLanes() {
  const list = h('ul.machinelist', { 'aria-label': t('machines.draw') });
  const entry = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', placeholder: t('machines.add.hint'), name: 'machine' });
  const add = h('form.addmachine', {}, labelled(t('machines.add.label'), entry), h('button.btn', { type: 'submit' }, h('span', {}, t('machines.add'))));
  add.addEventListener('submit', async event => {
    event.preventDefault();
    if (entry.value.trim() && await act('machine.add', { machine: entry.value }) !== undefined) entry.value = '';
  });
  const place = h('section.several', {}, h('h2', {}, t('machines.draw')), h('p.quiet', {}, t('machines.several.hint')), list, add);
  function draw() {
    const view = fact('lanes'), settings = fact('settings') ?? {};
    place.hidden = !['local', 'runpod'].includes(settings.mode);
    const machines = view?.machines ?? [];
    list.hidden = !machines.length;
    keyed(list, machines, machine => machine.name, makeMachine, (row, machine) => updateMachine(row, machine, view.lanes, settings.more ?? []));
  }
  return { place, draw };
}

function makeMachine(machine) {
  return h('li.machine', {}, h('span.dot'), h('div.what', {}, h('b'), h('small')), h('div.lanes'),
    button('', () => act('machine.leave', { machine: leaving.get(machine.name) }), { mark: 'close', kind: 'ghost', title: t('machines.leave') }));
}

/** A pod by the name it has in the account. */
const nameOf = machine => fact('pods')?.list?.find(pod => machine.name.startsWith(`${pod.id}-`))?.name || machine.name;

const leaving = new Map(); // by a machine's name: what it is called in the settings

function updateMachine(row, machine, lanes, more) {
  const [, what, place, leave] = row.children;
  const setting = more.find(one => machine.name === one.replace(/^https?:\/\//, '') || machine.name.startsWith(`${one}-`));
  leaving.set(machine.name, setting);
  put(what.firstChild, { text: nameOf(machine) });
  leave.hidden = !setting || machine.is_leaving;
  put(row, { 'data-state': machine.is_leaving ? 'leaving' : machine.is_up ? 'up' : 'away', title: machine.said || null });
  put(what.lastChild, { text: [machine.is_leaving && t('machines.leaving'), !machine.is_up && t('machines.away'), machine.done && tn('machines.made', machine.done), machine.failed && tn('machines.missed', machine.failed), machine.said].filter(Boolean).join(' · ') });
  keyed(place, lanes.filter(lane => lane.machine === machine.name), lane => lane.number, () => h('div.lane', {}, h('small'), h('div.bar', {}, h('i'))), (node, lane) => {
    put(node.firstChild, { text: lane.job ? `${lane.job} · ${lane.note}` : t('machines.lane.free') });
    put(node, { 'data-busy': Boolean(lane.job), 'aria-label': t('machines.lane', { n: lane.number }) });
    node.lastChild.firstChild.style.width = percent(lane.job ? lane.fraction : 0);
  });
}
