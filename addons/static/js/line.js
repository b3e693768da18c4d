// The line to the studio: the stream of what it tells, opened again when it breaks and when it has fallen silent.
// One that breaks says so. One whose other end is out of reach since the network changed or the machine slept says
// nothing at all, for as long as a quarter of an hour.

const SILENT = 6000; // ms; the studio says every two seconds that it is there
const SOON = 2500; // ms it has for that when it was silent, and when the page wakes
const LOOK = 1000; // ms between two looks

let asking = new AbortController();

/** For what is asked meanwhile: it is given up with the line. */
export const whileOpen = () => asking.signal;

/** `hear(news, isWhole)` is told what the studio tells, everything at first; `lost()` that it is out of reach. */
export function openLine(hear, lost) {
  let stream = null, heard = 0, looked = Date.now();
  const isThere = () => { heard = Date.now() };
  const soon = () => { heard = Date.now() - SILENT + SOON };
  const close = () => { stream?.close(); stream = null };

  function open() {
    close();
    isThere();
    let isFirst = true;
    stream = new EventSource('studio/events');
    stream.addEventListener('hello', event => {
      isThere();
      if (event.data !== Studio.build) location.reload(); // the studio was updated under this page
    });
    stream.addEventListener('here', isThere);
    stream.onmessage = event => { isThere(); hear(JSON.parse(event.data), isFirst); isFirst = false };
    stream.onerror = () => { isFirst = true; lost() };
  }

  function look() {
    const now = Date.now();
    if (now - looked > SILENT) soon(); // nobody looked for so long: what was said meanwhile may not be heard yet
    looked = now;
    if (!stream || now - heard < SILENT) return;
    asking.abort();
    asking = new AbortController();
    lost();
    open();
    soon();
  }

  // six connections a server are all a browser has: a hidden page gives its own back
  document.addEventListener('visibilitychange', () => document.hidden ? close() : open());
  addEventListener('pagehide', close);
  addEventListener('pageshow', event => event.persisted && open());
  setInterval(look, LOOK);
  if (!document.hidden) open();
}
