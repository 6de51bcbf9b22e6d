// Numbers, lengths and times in words.

/** `0:09`, `12:05`, `1:02:05`: a position in a sound. */
export function clock(seconds) {
  if (seconds == null || !Number.isFinite(seconds)) return '–:––';
  const whole = Math.floor(seconds + 1e-6);
  const [s, m, hours] = [whole % 60, Math.floor(whole / 60) % 60, Math.floor(whole / 3600)];
  const two = (n) => String(n).padStart(2, '0');
  return hours ? `${hours}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `8 s`, `3 min`, `2 h 5 min`, `4 days`: how long something takes. */
export function span(seconds) {
  if (seconds == null || !Number.isFinite(seconds)) return 'unknown';
  if (seconds < 10) return `${plain(seconds, 1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = seconds / 3600;
  if (hours < 48) return `${Math.floor(hours)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.round(hours / 24)} days`;
}

/** A number with at most so many digits after the point, without zeros at its end. */
export const plain = (number, digits = 2) => (number == null ? '–' : String(Number(number.toFixed(digits))));

/** A loss: three digits after the point. */
export const loss = (number) => (number == null ? '–' : number.toFixed(3).replace('-', '−'));

export function bytes(n) {
  if (n == null) return 'unknown';
  for (const [unit, size] of [['TB', 1e12], ['GB', 1e9], ['MB', 1e6], ['kB', 1e3]]) {
    if (n >= size) return `${plain(n / size, n >= size * 10 ? 0 : 1)} ${unit}`;
  }
  return `${n} bytes`;
}

/** A moment as a person says it: the time today, date and time otherwise. */
export function moment(since1970) {
  if (since1970 == null) return 'unknown';
  const then = new Date(since1970 * 1000);
  const time = then.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  if (then.toDateString() === new Date().toDateString()) return time;
  return `${then.toLocaleDateString([], { day: 'numeric', month: 'short' })}, ${time}`;
}

/** `1 seed`, `3 seeds`. */
export const many = (n, one, more = `${one}s`) => `${n} ${n === 1 ? one : more}`;

/** How long until it is done. */
export const left = (seconds) => (seconds == null ? '' : `${span(seconds)} left`);

/** A value of a hyperparameter, as one reads it. */
export function value(v) {
  if (v === true) return 'yes';
  if (v === false) return 'no';
  if (v === null || v === undefined) return 'none';
  if (Array.isArray(v)) return v.length ? (typeof v[0] === 'number' && v.length === 2 ? v.join(' × ') : JSON.stringify(v)) : 'none';
  return String(v);
}

/** JSON to read: lists of numbers in one line. */
export const json = (v) => JSON.stringify(v, null, 2).replace(/\[\n[^[\]{}]*\]/g, (list) => list.replace(/\n */g, ' ').replace('[ ', '[').replace(' ]', ']'))
  .replace(/\[\n *(\[[^\n]*\n *)+\]/g, (list) => list.replace(/\n */g, ' ').replace('[ ', '[').replace(' ]', ']'));

/** Without its ending: what a file's model or run is called. */
export const stem = (name) => name.replace(/\.[^.]{1,5}$/, '');
