// Lines and boxes as SVG, each with its figures as a table beneath.

// Series differ in colour, shape and dash, so that any one of them is enough.
const DASHES = ['', '7 4', '2 3', '9 3 2 3', '12 4', '4 2 1 2'];
const SHAPES = [
  'M-4 0A4 4 0 1 0 4 0A4 4 0 1 0-4 0Z', 'M-3.7-3.7H3.7V3.7H-3.7Z', 'M0-5L4.6 3.6H-4.6Z',
  'M-5-3L0 5L5-3Z', 'M-4-4L4 4M4-4L-4 4', 'M-5 0H5M0-5V5',
];
const KNEE = 'M0-10L10 0L0 10L-10 0Z';
const MOST = DASHES.length; // series that one chart can tell apart
let charts = 0;

/** Returns round numbers across a range, about `count` of them. */
function ticks(low, high, count = 5) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((s) => s * power).find((s) => s >= rough * 0.999);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at += 1) {
    found.push(Number((at * step).toPrecision(12)));
  }
  return found;
}

/** Returns a function from values to places between two ends. */
function scale(low, high, from, to, log) {
  const at = log ? Math.log2 : (value) => value;
  const span = at(high) - at(low) || 1;
  return (value) => from + ((at(value) - at(low)) / span) * (to - from);
}

function extent(values, pad = 0) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = (high - low || Math.abs(high) || 1) * pad;
  return [low - room, high + room];
}

// Round numbers need no places.
const round = (text) => text.replace(/\.0+(?=\D|$)/, '');
const short = (text, most = 22) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** An SVG with a title and a description for those who can't see it. */
function drawing(width, height, title, text, ...children) {
  charts += 1;
  return svg('svg', {
    viewBox: `0 0 ${width} ${height}`, role: 'img', class: 'chart',
    'aria-labelledby': `chart-${charts}-title chart-${charts}-text`,
  },
  svg('title', { id: `chart-${charts}-title` }, title),
  svg('desc', { id: `chart-${charts}-text` }, text), ...children);
}

function figuresTable(title, head, rows) {
  return el('details', { class: 'figures' }, el('summary', {}, 'Figures'),
    el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `Figures: ${title}` },
      el('table', {},
        el('thead', {}, el('tr', {}, head.map((name) => el('th', { scope: 'col' }, name)))),
        el('tbody', {}, rows.map(([name, ...cells]) => el('tr', {},
          el('th', { scope: 'row' }, name),
          cells.map((cell) => el('td', { class: 'number' }, cell))))))));
}

function axes({ x, y, xAt, yAt, box, xTicks, yTicks }) {
  const [left, top, right, bottom] = box;
  return svg('g', { class: 'axes' },
    yTicks.map((value) => [
      svg('path', { d: `M${left} ${yAt(value)}H${right}`, class: 'grid' }),
      svg('text', { x: left - 7, y: yAt(value) + 4, 'text-anchor': 'end' }, round(y.text(value))),
    ]),
    xTicks.map((value) => [
      svg('path', { d: `M${xAt(value)} ${bottom}v4`, class: 'tick' }),
      svg('text', { x: xAt(value), y: bottom + 18, 'text-anchor': 'middle' }, round(x.text(value))),
    ]),
    svg('path', { d: `M${left} ${bottom}H${right}`, class: 'line' }),
    svg('text', { x: right, y: bottom + 36, 'text-anchor': 'end', class: 'name' }, x.label),
    svg('text', { x: left, y: top - 12, class: 'name' }, y.label));
}

/** Returns K, or the fewest of the values that are far enough apart to be read. */
function apart(values, at, room) {
  const found = [];
  for (const value of values) {
    if (!found.length || at(value) - at(found[found.length - 1]) >= room) found.push(value);
  }
  return found;
}

/**
 * Curves: series of points {x, y, name}, axes {label, text, log, places, zero}.
 * A point that is infinite is left out; the table has it.
 */
function lines({ title, series, x, y, width = 520 }) {
  const drawn = series.slice(0, MOST).map((one, style) => ({
    ...one, style, points: one.points.filter((p) => Number.isFinite(p.x) && Number.isFinite(p.y)),
  })).filter((one) => one.points.length);
  const all = drawn.flatMap((one) => one.points);
  const rows = series.flatMap((one) => one.points.map((p) => [
    [one.name, p.name].filter(Boolean).join(' '), x.text(p.x), y.text(p.y)]));
  const figure = el('figure', { class: 'plot' }, el('figcaption', {}, title));
  if (!all.length) {
    figure.append(el('p', { class: 'hint' }, rows.length ? 'All results are exact: there is nothing to draw.' : 'No figures.'));
    return figure;
  }
  const height = Math.round(width * 0.6);
  const box = [58, 34, width - 18, height - 44];
  const [xLow, xHigh] = extent(all.map((p) => p.x), x.log ? 0 : 0.03);
  const [yLow, yHigh] = extent(all.map((p) => p.y).concat(y.zero ? [0] : []), y.zero ? 0 : 0.06);
  const xAt = scale(xLow, xHigh, box[0] + (x.log ? 12 : 0), box[2] - (x.log ? 12 : 0), x.log);
  const yAt = scale(yLow, yHigh, box[3], box[1]);
  const places = x.whole ? ticks(xLow, xHigh).filter(Number.isInteger) : x.places ? [...new Set(all.map((p) => p.x))].sort((a, b) => a - b) : ticks(xLow, xHigh);
  const ends = drawn.map((one) => {
    const first = one.points[0];
    const last = one.points[one.points.length - 1];
    const at = known(one.knee) ? `; knee at ${one.points[one.knee]?.name}` : '';
    return `${one.name || 'It'} goes from ${y.text(first.y)} at ${x.text(first.x)} to ${y.text(last.y)} at ${x.text(last.x)}${at}.`;
  });
  figure.append(drawing(width, height, title, `${y.label} against ${x.label}. ${ends.join(' ')}`,
    axes({ x, y, xAt, yAt, box, xTicks: apart(places, xAt, 44), yTicks: ticks(yLow, yHigh) }),
    drawn.map((one) => svg('g', { class: `series s${one.style}` },
      svg('path', {
        d: `M${one.points.map((p) => `${xAt(p.x).toFixed(1)} ${yAt(p.y).toFixed(1)}`).join('L')}`,
        'stroke-dasharray': DASHES[one.style], class: 'curve',
      }),
      one.points.map((p, index) => svg('g', { transform: `translate(${xAt(p.x).toFixed(1)} ${yAt(p.y).toFixed(1)})` },
        svg('title', {}, `${one.name} ${p.name}: ${x.text(p.x)}, ${y.text(p.y)}`),
        one.points.length <= 40 ? svg('path', { d: SHAPES[one.style], class: 'point' }) : null,
        index === one.knee ? svg('path', { d: KNEE, class: 'knee' }) : null))))));
  if (drawn.length > 1 || drawn[0].name) figure.append(legend(drawn));
  if (series.length > MOST) {
    figure.append(el('p', { class: 'hint' }, `The first ${MOST} of ${series.length} series are drawn.`));
  }
  figure.append(figuresTable(title, ['', x.label, y.label], rows));
  return figure;
}

function legend(series) {
  return el('ul', { class: 'legend' }, series.map((one) => el('li', {},
    svg('svg', { viewBox: '0 0 34 12', width: 34, height: 12, 'aria-hidden': 'true', class: `series s${one.style}` },
      svg('path', { d: 'M0 6H34', 'stroke-dasharray': DASHES[one.style], class: 'curve' }),
      svg('path', { d: SHAPES[one.style], transform: 'translate(17 6)', class: 'point' })),
    ` ${one.name}`)));
}

/** Boxes: rows of {name, five}, the least, quartiles and largest of a column. */
function boxes({ title, rows, text, width = 520 }) {
  const figure = el('figure', { class: 'plot wide' }, el('figcaption', {}, title));
  if (!rows.length) {
    figure.append(el('p', { class: 'hint' }, 'No figures.'));
    return figure;
  }
  const step = 24;
  const height = rows.length * step + 40;
  const left = Math.min(Math.max(...rows.map((row) => short(row.name).length)) * 7.2 + 14, width * 0.4);
  const box = [left, 6, width - 24, rows.length * step + 12];
  const [low, high] = extent(rows.flatMap((row) => row.five), 0.02);
  const at = scale(low, high, box[0], box[2]);
  const middle = (index) => box[1] + step * (index + 0.5);
  figure.append(drawing(width, height, title,
    rows.map((row) => `${row.name}: median ${text(row.five[2])}, from ${text(row.five[0])} to ${text(row.five[4])}.`).join(' '),
    svg('g', { class: 'axes' }, apart(ticks(low, high), at, 60).map((value) => [
      svg('path', { d: `M${at(value)} ${box[1]}V${box[3]}`, class: 'grid' }),
      svg('text', { x: at(value), y: box[3] + 18, 'text-anchor': 'middle' }, round(text(value)))])),
    rows.map((row, index) => {
      const [least, first, median, third, most] = row.five.map((value) => Number(at(value).toFixed(1)));
      const y = middle(index);
      return svg('g', { class: 'box' },
        svg('title', {}, `${row.name}: ${row.five.map(text).join(' · ')}`),
        svg('text', { x: left - 8, y: y + 4, 'text-anchor': 'end', class: 'label' }, short(row.name)),
        svg('path', { d: `M${least} ${y}H${first}M${third} ${y}H${most}M${least} ${y - 4}v8M${most} ${y - 4}v8`, class: 'whisker' }),
        svg('rect', { x: first, y: y - 7, width: Math.max(third - first, 1), height: 14, rx: 2 }),
        svg('path', { d: `M${median} ${y - 7}v14`, class: 'median' }));
    })));
  figure.append(figuresTable(title, ['', 'least', 'first quartile', 'median', 'third quartile', 'largest'],
    rows.map((row) => [row.name, ...row.five.map(text)])));
  return figure;
}
