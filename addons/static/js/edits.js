// What is typed, on its way to the disk: within half a second, one edit after another, in the place it was
// typed for, whatever is selected or open by then. What the studio does not take stays in its field.

import { Refused, connected, follow, inTurn, notice, openProject, put, t } from './core.js';

const WAIT = 350; // ms without a key before what was typed is sent
const JUST = 2000; // ms in which a fact may be older than what was stored
const AGAIN = 3000; // ms until the studio is asked once more when it did not answer
const unsent = new Map(); // edits that wait, are under way or were refused, by the place they are for

const asTold = it => it ?? (it === undefined ? '' : null); // as the studio has it
const nameOf = (source, field, ids, project) => [source.about, field, ids.join(), project].join('\n');

/** Edits of one field of a source; `said` shows what is refused, and '' once it is taken. */
export function edits(source, field, said = message => message && notice(message, 'bad')) {
  let hand = null; // what is edited, as it was at the first touch, until the field is left
  let stored = null; // what was stored last, for as long as the facts may not tell of it yet
  let control = null, draw = () => {};

  const place = () => nameOf(source, field, source.ids(), openProject());
  function value(id) {
    const there = asTold(source.get(id, field)), is = JSON.stringify(there);
    const isLate = stored?.olds.includes(is) || stored?.isBack && JSON.stringify(stored.value) === is;
    if (stored?.id !== id || stored.project !== openProject() || !isLate || Date.now() - stored.at > JUST) stored = null;
    return stored ? stored.value : there;
  }
  function keep(id, before, value, project) {
    const was = JSON.stringify(asTold(before)), is = JSON.stringify(value);
    const others = stored?.id === id && Date.now() - stored.at <= JUST ? [...stored.olds, JSON.stringify(stored.value)] : []; // facts may be two edits late
    const isBack = others.includes(is); // set and taken back: facts that say so may know of neither
    if (project !== openProject() || !isBack && JSON.stringify(asTold(source.get(id, field))) === is) { stored = null; return } // the facts told of it first
    stored = { id, project, isBack, olds: [...others, was].filter(old => old !== is), value, at: Date.now() };
    setTimeout(() => draw(), JUST + 1); // from there on it is as the facts say
  }
  function begin() {
    const ids = source.ids();
    return hand ??= unsent.get(place())?.hand ?? { name: place(), ids, project: openProject(), was: value(ids[0]) };
  }
  const now = () => { const mine = hand && unsent.get(hand.name); hand = null; return mine?.timer ? send(mine) : null };

  return {
    begin, now,
    /** `shown` is what stands in the field; what is not `whole` yet waits until the field is left. */
    change(value, shown = value, whole = true) {
      const { name } = begin(), before = unsent.get(name);
      clearTimeout(before?.timer);
      const edit = { source, field, hand, value, shown, said, isMine: before?.isMine, refused: '' };
      edit.timer = whole ? setTimeout(() => send(edit), WAIT) : -1;
      edit.told = () => { mark(control, unsent.get(place())); said('', edit) };
      edit.redraw = how => { if (how === 'leave' && document.activeElement === control) control.blur(); draw() };
      edit.keep = keep;
      unsent.set(name, edit);
      mark(control, edit);
    },
    /** What stands in the field and is not on disk. */
    kept: () => unsent.get(place()) ?? null,
    /** What it is by the last that was done here, which facts may not tell of yet. */
    value: () => { const mine = unsent.get(place()); return mine ? mine.value : value(source.ids()[0]) },
    /** A field's control: begins, ends and gives up its edits. `drawn` shows what is stored. */
    on(its, drawn) {
      control = its;
      draw = () => { drawn(); mark(control, unsent.get(place())) };
      if (control.type !== 'checkbox') control.addEventListener('focus', begin); // a tick is no longer on its way than its click
      control.addEventListener('blur', () => { now(); draw() });
      control.addEventListener('keydown', event => {
        const mine = event.key === 'Escape' && unsent.get(place());
        if (mine?.refused) { clearTimeout(mine.timer); unsent.delete(place()); said('', mine) }
      });
      return draw;
    },
  };
}

function mark(control, edit) {
  if (control) put(control, { 'aria-invalid': edit?.refused ? 'true' : null });
}

function send(edit, how = {}) {
  clearTimeout(edit.timer);
  edit.timer = 0;
  return how.keepalive ? deliver(edit, how) : inTurn(() => deliver(edit, how));
}

async function deliver(edit, how) {
  const { source, field, hand: { ids, project, name }, hand } = edit, before = source.get(ids[0], field);
  try {
    const value = await source.ask(ids, field, edit.value, ids.length === 1 && !edit.isMine ? { was: hand.was } : {}, { project, isEdit: true, ...how });
    hand.was = value;
    edit.keep(ids[0], before, value, project);
    if (unsent.get(name) !== edit) return; // it was typed on
    unsent.delete(name);
    edit.told();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (unsent.get(name) === edit) refuse(edit, error);
  }
}

function refuse(edit, error) {
  const isOther = error.status === 409 && error.theirs === undefined, isGone = !(error.status < 500), isSaid = edit.refused === error.message;
  edit.refused = error.message;
  edit.isLater = isOther || isGone; // it is sent again once that is over
  if (error.status === undefined) edit.timer = setTimeout(() => send(edit), AGAIN);
  if (error.theirs !== undefined) askWhose(edit, error.theirs);
  else if (!isSaid) isOther ? notice(error.message, 'bad') : edit.said(error.message, edit); // its field is another project's by now
  edit.redraw(isOther ? 'leave' : '');
}

/** Another window wrote the same field: nothing is thrown away until the artist says what. */
function askWhose(edit, theirs) {
  const { name } = edit.hand, latest = () => unsent.get(name) ?? edit;
  const { source, field, hand: { ids } } = edit, where = source.named ? source.named(ids) : ids.join(', '), value = source.inWords?.(field, theirs) ?? String(theirs);
  notice(t('conflict', { field: [where, source.label(field)].filter(Boolean).join(' · '), theirs: value.slice(0, 80) }), 'bad', [
    { label: t('conflict.mine'), run: () => { const mine = latest(); mine.isMine = true; send(mine) } },
    { label: t('conflict.theirs'), run: () => { const mine = latest(); clearTimeout(mine.timer); unsent.delete(name); mine.redraw('leave') } },
  ]);
}

/** Send what waits. Comes back when it is on disk, or refused. */
export const flushEdits = () => Promise.all([...unsent.values()].filter(edit => edit.timer).map(edit => send(edit)));

addEventListener('pagehide', () => { // there is no later: all at once, and past the end of the page; what is on its way once more
  for (const edit of unsent.values()) if (edit.timer || edit.isLater || !edit.refused) send(edit, { keepalive: true });
});
follow(['connection', 'project'], document.body, () => {
  if (connected()) for (const edit of unsent.values()) if (edit.isLater && edit.hand.project === openProject()) { edit.isLater = false; send(edit) }
});
