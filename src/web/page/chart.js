// The loss of one run, or of two, as it falls: drawn as SVG, and as a table for who does not see it.

import { h, say, show } from './dom.js';
import { loss as number, plain, span } from './format.js';

const SPACE = 'http://www.w3.org/2000/svg';
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 12, 12, 34];

function svg(tag, attributes, text) {
  const element = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text != null) element.textContent = text;
  return element;
}

/**
 * A chart. `update([{name, losses, scale}, …])` draws it anew; losses are as docs/http.md has
 * them: `[step, epochs, loss, held out, seconds]`.
 */
export function chart() {
  const drawn = svg('svg', { role: 'img', class: 'chart' });
  const legend = h('ul', { class: 'legend' });
  const reading = h('p', { class: 'hint reading' });
  const across = h('select', { 'aria-label': 'Across', onchange: () => draw() },
    h('option', { value: '0' }, 'steps'), h('option', { value: '4' }, 'time of training'));
  const table = h('table', {});
  const whole = h('details', {}, h('summary', {}, 'The losses as a table'), h('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'Losses' }, table));
  const words = h('p', { class: 'hint' });
  const element = h('figure', { class: 'loss', 'data-testid': 'loss-chart' },
    h('div', { class: 'line legend-line' }, legend, h('label', { class: 'line' }, h('span', { class: 'hint' }, 'by'), across)), drawn, reading, words, whole);
  let runs = [];
  let place = null;

  function lines() {
    return runs.flatMap(({ name, losses }, index) => {
      const x = Number(across.value);
      const points = (column) => losses.filter((row) => row[column] != null).map((row) => [row[x], row[column], row]);
      return [
        { name: runs.length > 1 ? `${name}: training` : 'training', kind: `training run-${index}`, points: points(2) },
        { name: runs.length > 1 ? `${name}: held out` : 'held out', kind: `held-out run-${index}`, points: points(3) },
      ];
    }).filter(({ points }) => points.length);
  }

  function draw() {
    const all = lines();
    const width = Math.max(280, element.clientWidth || 700);
    const height = width < 500 ? 220 : 300;
    drawn.setAttribute('viewBox', `0 0 ${width} ${height}`);
    drawn.setAttribute('width', width);
    drawn.setAttribute('height', height);
    drawn.replaceChildren();
    place = null;
    legend.replaceChildren(...all.map(({ name, kind }) => h('li', { class: kind }, h('bdi', {}, name))));
    if (!all.length) {
      drawn.setAttribute('aria-label', 'No loss is known yet.');
      drawn.append(svg('text', { x: width / 2, y: height / 2, 'text-anchor': 'middle', class: 'label' }, 'No loss is known yet.'));
      return;
    }
    const values = all.flatMap(({ points }) => points.map(([, y]) => y)).sort((a, b) => a - b);
    // The very first losses may be so high that the rest would be a line at the bottom.
    let high = Math.max(values[Math.floor(values.length * 0.98)], ...all.map(({ points }) => points.at(-1)[1]));
    let low = values[0];
    const scale = runs[0].scale;
    const near = (mark) => mark != null && mark > low - (high - low) && mark < high + (high - low);
    const marks = [['silence', scale?.of_silence], ['a perfect copy', scale?.of_a_copy]].filter(([, mark]) => near(mark));
    for (const [, mark] of marks) [low, high] = [Math.min(low, mark), Math.max(high, mark)];
    if (high - low < 1e-9) [low, high] = [low - 0.5, high + 0.5];
    const pad = (high - low) * 0.05;
    [low, high] = [low - pad, high + pad];
    const end = Math.max(...all.map(({ points }) => points.at(-1)[0])) || 1;
    const x = (value) => LEFT + (value / end) * (width - LEFT - RIGHT);
    const y = (value) => TOP + ((high - Math.min(high, value)) / (high - low)) * (height - TOP - BOTTOM);

    for (const tick of ticks(low, high, 5)) {
      drawn.append(svg('line', { x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick), class: 'grid' }),
        svg('text', { x: LEFT - 8, y: y(tick) + 4, 'text-anchor': 'end', class: 'label' }, plain(tick, 3).replace('-', '−')));
    }
    const time = across.value === '4';
    for (const tick of ticks(0, end, width < 500 ? 3 : 6)) {
      drawn.append(svg('text', { x: x(tick), y: height - 14, 'text-anchor': tick ? 'middle' : 'start', class: 'label' },
        time ? span(tick) : tick.toLocaleString('en')));
    }
    for (const [name, mark] of marks) {
      drawn.append(svg('line', { x1: LEFT, x2: width - RIGHT, y1: y(mark), y2: y(mark), class: 'mark' }),
        svg('text', { x: width - RIGHT, y: y(mark) - 4, 'text-anchor': 'end', class: 'label' }, name));
    }
    for (const { kind, points } of all) {
      const path = points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(' ');
      if (points.length > 1) drawn.append(svg('polyline', { points: path, class: `curve ${kind}` }));
      else drawn.append(svg('circle', { cx: x(points[0][0]), cy: y(points[0][1]), r: 3, class: `dot ${kind}` }));
    }
    const hair = svg('line', { y1: TOP, y2: height - BOTTOM, class: 'hair' });
    drawn.append(hair);
    place = { hair, x, end, width, all };
    drawn.setAttribute('aria-label', summary(all));
  }

  const summary = (all) => `Loss over training. ${all.map(({ name, points }) => `${name}: from ${number(points[0][1])} to ${number(points.at(-1)[1])}, at best ${number(Math.min(...points.map(([, y]) => y)))}`).join('. ')}.`;

  drawn.addEventListener('pointermove', (event) => {
    if (!place) return;
    const bounds = drawn.getBoundingClientRect();
    const at = ((event.clientX - bounds.left - LEFT) / (place.width - LEFT - RIGHT)) * place.end;
    const said = place.all.map(({ name, points }) => {
      const nearest = points.reduce((best, point) => (Math.abs(point[0] - at) < Math.abs(best[0] - at) ? point : best));
      return [name, nearest];
    });
    place.hair.setAttribute('x1', place.x(said[0][1][0]));
    place.hair.setAttribute('x2', place.x(said[0][1][0]));
    const [, [, , row]] = said[0];
    say(reading, `Step ${row[0].toLocaleString('en')}, epoch ${plain(row[1], 1)}, after ${span(row[4])}: ${said.map(([name, point]) => `${name} ${number(point[1])}`).join(', ')}`);
  });

  new ResizeObserver(() => {
    const width = Math.max(280, element.clientWidth || 700);
    if (width !== Number(drawn.getAttribute('width'))) draw();
  }).observe(element);

  element.update = (shown) => {
    runs = shown;
    draw();
    const [first, second] = runs;
    const other = second && second.scale && first.scale && second.scale.unit !== first.scale.unit;
    say(words, [first?.scale?.words, other && `The losses of ${second.name} are in ${second.scale.unit}, and cannot be compared with these.`].filter(Boolean).join(' '));
    show(whole, first?.losses.length);
    const rows = first?.losses ?? [];
    const every = Math.max(1, Math.ceil(rows.length / 12));
    const some = rows.filter((_, index) => index % every === 0 || index === rows.length - 1);
    const head = h('tr', {}, ['Step', 'Epochs', 'Training', 'Held out', 'After'].map((text) => h('th', { scope: 'col' }, text)));
    if (whole.open || !table.firstChild) {
      table.replaceChildren(h('thead', {}, head), h('tbody', {}, some.map((row) => h('tr', {},
        [row[0].toLocaleString('en'), plain(row[1], 1), number(row[2]), number(row[3]), span(row[4])].map((text) => h('td', {}, text))))));
    }
  };
  whole.addEventListener('toggle', () => whole.open && element.update(runs));
  return element;
}

function ticks(low, high, wanted) {
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const all = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-9; tick += step) all.push(Math.abs(tick) < step * 1e-9 ? 0 : tick);
  return all;
}
