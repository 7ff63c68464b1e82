// The page: reads its data, draws its parts.

const DATA = read($('#data'));
const FIXED = ['variant', 'status', 'url', 'error', 'k_used', 'iterations', 'stopped'];
const NAMES = [...FIXED, ...DATA.columns];
const CARDS = 10; // pictures on a page
const STRIP = 60; // results of a picture that are shown side by side
const narrow = matchMedia('(max-width: 600px)').matches;
const WIDTH = narrow ? 350 : 520;
const detailBlocks = [...document.querySelectorAll('script.details')];

// Every picture with its results; what is only needed to draw it is read when it is drawn.
const PICTURES = [...document.querySelectorAll('script.row')].map((node, block) => {
  const picture = read(node);
  picture.details = () => read(detailBlocks[block]);
  picture.results = picture.rows.map((values, index) => {
    const result = { picture, index };
    NAMES.forEach((name, at) => { result[name] = values[at]; });
    result.variant = DATA.variants[result.variant];
    return result;
  });
  delete picture.rows;
  return picture;
});
const RESULTS = PICTURES.flatMap((picture) => picture.results);
const KNEES = new Set(DATA.curves.filter((curve) => known(curve.knee)).map((curve) => curve.points[curve.knee].label));

const AXES = {
  k: { label: 'K', text: plain.format, log: true, places: true },
  bytes: { label: 'Bytes of a picture', text: bytes },
  psnr: { label: 'PSNR, dB', text: (value) => digits(value, 4, true) },
  loss: { label: 'Loss, % of that at the smallest K', text: (value) => (known(value) ? `${digits(value * 100, 3, true)} %` : '–'), zero: true },
};

function numberColumn(name, value) {
  const { label, text } = column(name);
  return { label, number: true, value, text: (row) => text(value(row)) };
}

// ---- the job ------------------------------------------------------------------------------------

function drawVariants() {
  table($('[data-table=variants]'), {
    name: 'Variants',
    rows: DATA.variants,
    columns: [
      { label: 'Variant', value: (v) => v.label, node: (v) => (KNEES.has(v.label) ? `${v.label} ◆` : v.label) },
      ...DATA.columns.map((name) => numberColumn(name, (v) => v.figures[name])),
      ...['done', 'kept', 'failed'].map((name) => ({
        label: name[0].toUpperCase() + name.slice(1), number: true, value: (v) => v[name], text: (v) => plain.format(v[name]),
      })),
    ],
  });
}

function drawCurves() {
  const host = $('[data-curves]');
  if (!DATA.curves.length) {
    host.append(el('p', { class: 'note' }, 'No picture is done in every variant, so there is nothing to draw.'));
    return;
  }
  const series = (x, y) => DATA.curves.map((curve) => ({
    name: curve.name, knee: curve.knee,
    points: curve.points.map((p) => ({ x: p[x], y: p[y], name: `K = ${p.k}` })),
  }));
  host.append(
    lines({ title: 'Quality against bytes', series: series('bytes', 'psnr'), x: AXES.bytes, y: AXES.psnr, width: WIDTH }),
    lines({ title: 'Loss against K', series: series('k', 'loss'), x: AXES.k, y: AXES.loss, width: WIDTH }));
}

function drawSpread() {
  const host = $('[data-spread]');
  const place = el('div');
  const most = 40;
  const draw = (name) => {
    const rows = DATA.variants.filter((v) => v.spread[name]).map((v) => ({ name: v.label, five: v.spread[name] }));
    const { label, text } = column(name);
    place.replaceChildren(boxes({
      title: `${label}: least, quartiles and largest of each variant`, rows: rows.slice(0, most), text, width: narrow ? 350 : 1100,
    }));
    if (rows.length > most) place.append(el('p', { class: 'hint' }, `The first ${most} of ${rows.length} variants.`));
  };
  const first = DATA.columns.includes('psnr') ? 'psnr' : DATA.columns[0];
  host.append(select('Of', DATA.columns.map((name) => [name, column(name).label]), draw, first), place);
  draw(first);
}

// ---- one picture --------------------------------------------------------------------------------

function card(picture, wanted) {
  const details = picture.details();
  const results = picture.results;
  const chosen = wanted ?? results.find((r) => r.status === 'done' && KNEES.has(r.variant.label))
    ?? results.find((r) => r.url) ?? results[0];
  const view = viewer(details?.preview, picture.name);
  const facts = el('div', { class: 'facts' });
  const buttons = results.slice(0, STRIP).map((result) => thumbnail(result, () => choose(result)));
  const more = results.length - buttons.length;

  function choose(result) {
    buttons.forEach((one, index) => one.setAttribute('aria-pressed', String(results[index] === result)));
    view.show(shown(result) ? result.url : null, result.variant.label, missing(result));
    facts.replaceChildren(...factsOf(result, details?.rows[result.index]));
  }

  choose(chosen);
  return el('article', { class: 'card', id: `picture-${picture.place}`, 'aria-label': picture.name, tabindex: -1 },
    el('h3', {}, el('bdi', {}, picture.name)),
    el('p', { class: 'hint' }, [
      picture.bytes ? bytes(picture.bytes) : null, picture.colors ? `${plain.format(picture.colors)} colours` : null,
      details ? null : 'palettes, curves and preview left out: the page would be too large',
    ].filter(Boolean).join(' · ')),
    el('div', { class: 'strip', role: 'group', 'aria-label': 'Source and results' },
      el('figure', { class: 'thumb' },
        details?.preview ? el('img', { src: details.preview, alt: 'The source', loading: 'lazy' }) : el('span', { class: 'none' }, 'no preview'),
        el('figcaption', {}, el('b', {}, 'source'), bytes(picture.bytes))),
      buttons),
    more > 0 ? el('p', { class: 'hint' }, `${more} more are in the table of results.`) : null,
    el('div', { class: 'parts' }, view.node, facts),
    el('div', { class: 'columns' }, curvesOf(results)));
}

const shown = (result) => Boolean(result.url) && SHOWN.test(result.url);

/** Why there is nothing to see of a result; nothing where there is. */
function missing(result) {
  if (result.status === 'failed') return `Failed: ${result.error || 'no reason was kept'}`;
  if (result.url === '') return 'The result is not there any more: its file was gone when this report was made.';
  if (result.url === null) return 'Nothing was written: the result would have been larger than the source.';
  return shown(result) ? null : 'Browsers do not show this format; the file is linked below.';
}

function thumbnail(result, onclick) {
  const image = shown(result)
    ? el('img', { src: result.url, alt: '', loading: 'lazy', onerror: () => image.replaceWith(el('span', { class: 'none' }, 'not there')) })
    : el('span', { class: 'none' }, result.status === 'failed' ? 'failed' : result.url ? 'a file' : 'not there');
  return el('button', { type: 'button', class: 'thumb', 'aria-pressed': 'false', onclick },
    image, el('span', { class: 'caption' }, el('b', {}, result.variant.label), bytes(result.bytes_out),
      known(result.psnr) ? [el('br'), decibels(result.psnr, 1)] : null));
}

function factsOf(result, row) {
  const lines = [
    ['Status', result.status],
    ...DATA.columns.filter((name) => known(result[name])).map((name) => [column(name).label, column(name).text(result[name])]),
    known(result.k_used) ? ['Entries', `${result.k_used} of ${result.variant.k}`] : null,
    known(result.iterations) ? ['Iterations', `${result.iterations}, stopped by ${result.stopped}`] : null,
  ].filter(Boolean);
  const [palette, counts, history] = row ?? ['', [], []];
  return [
    el('h4', {}, result.variant.label),
    el('dl', {}, lines.map(([name, value]) => [el('dt', {}, name), el('dd', {}, value)])),
    result.url ? el('p', {}, el('a', { href: result.url }, 'Open the result')) : null,
    palette ? swatches(palette.split(' '), counts)
      : el('p', { class: 'hint' }, result.status === 'done' && row ? 'The ledger has no palette of it.' : 'No palette.'),
    history.length > 1 ? convergence(history) : null,
  ].filter(Boolean);
}

function convergence(history) {
  return lines({
    title: 'Convergence of the last descent', width: narrow ? 350 : 400,
    series: [{ name: '', points: history.map((y, x) => ({ x, y, name: '' })) }],
    x: { label: 'Iteration', text: plain.format, whole: true }, y: { label: 'Loss', text: (value) => digits(value, 5, true) },
  });
}

function swatches(colors, counts) {
  const all = counts.reduce((sum, count) => sum + count, 0);
  return el('div', { class: `swatches${colors.length > 48 ? ' many' : ''}`, role: 'group', 'aria-label': 'Palette; a click copies' },
    colors.map((color, index) => {
      const hex = `#${color}`;
      const share = all ? `${digits((counts[index] / all) * 100, 2)} %` : '';
      const patch = el('span', { class: 'patch' });
      patch.style.setProperty('--color', hex);
      const text = [hex, share].filter(Boolean).join(' ');
      return el('button', { type: 'button', class: 'swatch', title: text, onclick: () => copy(hex) },
        patch, el('span', { class: 'hex' }, hex), ' ', el('span', { class: 'share' }, share));
    }));
}

function curvesOf(results) {
  const done = results.filter((result) => result.status === 'done' && known(result.loss));
  const names = [...new Set(done.map((result) => result.variant.series))];
  const series = (x, y) => names.map((name) => {
    const own = done.filter((r) => r.variant.series === name).sort((a, b) => a.variant.k - b.variant.k);
    return { name, points: own.map((r) => ({ x: x(r), y: y(r, own[0]), name: `K = ${r.variant.k}` })) };
  });
  if (new Set(done.map((result) => result.variant.k)).size < 2) return [];
  return [
    lines({
      title: 'Quality against bytes', series: series((r) => r.bytes_out, (r) => r.psnr),
      x: { ...AXES.bytes, label: 'Bytes' }, y: AXES.psnr, width: WIDTH,
    }),
    lines({
      title: 'Loss against K', series: series((r) => r.variant.k, (r, first) => (first.loss ? r.loss / first.loss : 0)),
      x: AXES.k, y: AXES.loss, width: WIDTH,
    }),
  ];
}

// ---- all pictures, all results ------------------------------------------------------------------

function select(label, options, changed, value) {
  const node = el('select', { onchange: () => changed(node.value) },
    options.map(([key, text]) => el('option', { value: key, selected: key === value }, text)));
  return el('label', {}, `${label} `, node);
}

function search(label, changed) {
  const node = el('input', { type: 'search', spellcheck: 'false', oninput: () => changed(node.value.toLowerCase()) });
  return el('label', {}, `${label} `, node);
}

function drawResults() {
  const filter = { text: '', variant: '', status: '' };
  const show = table($('[data-table=results]'), {
    name: 'All results',
    rows: RESULTS,
    columns: [
      {
        label: 'Picture', value: (r) => r.picture.name,
        node: (r) => el('a', { href: `#picture-${r.picture.place}`, onclick: (event) => { event.preventDefault(); open(r.picture, r); } },
          el('bdi', {}, r.picture.name)),
      },
      { label: 'Variant', value: (r) => r.variant.label, text: (r) => r.variant.label },
      { label: 'Status', value: (r) => r.status, node: (r) => el('span', { class: r.status, title: r.error }, r.status) },
      ...DATA.columns.map((name) => numberColumn(name, (r) => r[name])),
      { label: 'Entries', number: true, value: (r) => r.k_used, text: (r) => r.k_used ?? '–' },
      { label: 'Iterations', number: true, value: (r) => r.iterations, text: (r) => (known(r.iterations) ? plain.format(r.iterations) : '–') },
    ],
  });
  const change = (key) => (value) => {
    filter[key] = value;
    show(RESULTS.filter((r) => (!filter.text || r.picture.name.toLowerCase().includes(filter.text))
      && (!filter.variant || r.variant.label === filter.variant) && (!filter.status || r.status === filter.status)));
  };
  const bar = $('[data-results-bar]');
  bar.addEventListener('submit', (event) => event.preventDefault());
  bar.append(search('Picture', change('text')),
    select('Variant', [['', 'all'], ...DATA.variants.map((v) => [v.label, v.label])], change('variant'), ''),
    select('Status', [['', 'all'], ['done', 'done'], ['kept', 'kept'], ['failed', 'failed']], change('status'), ''));
}

const cards = { found: PICTURES, text: '', order: 'place', status: '', page: 0, pager: null };

function drawCards(wanted) {
  const from = cards.page * CARDS;
  $('[data-cards]').replaceChildren(...cards.found.slice(from, from + CARDS).map(
    (picture) => card(picture, wanted?.picture === picture ? wanted : null)));
  cards.pager.show(cards.page, CARDS, cards.found.length);
}

function mean(picture, name) {
  const values = picture.results.map((r) => r[name]).filter(known);
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
}

function arrangeCards() {
  const [name, sign] = cards.order.split(' ');
  const value = name === 'place' || name === 'name' || name === 'bytes' ? (p) => p[name] : (p) => mean(p, name);
  const keys = new Map(PICTURES.map((picture) => [picture, value(picture)]));
  cards.found = PICTURES.filter((picture) => (!cards.text || picture.name.toLowerCase().includes(cards.text))
    && (!cards.status || picture.results.some((r) => r.status === cards.status)))
    .sort((a, b) => compare(keys.get(a), keys.get(b), sign === 'down' ? -1 : 1));
  cards.page = 0;
}

function drawPictures() {
  const change = (key) => (value) => { cards[key] = value; arrangeCards(); drawCards(); };
  const bar = $('[data-pictures-bar]');
  bar.addEventListener('submit', (event) => event.preventDefault());
  bar.append(search('Name', change('text')),
    select('With', [['', 'any status'], ['done', 'done'], ['kept', 'kept'], ['failed', 'failed']], change('status'), ''),
    select('Order', [
      ['place', 'of the job'], ['name', 'by name'], ['psnr', 'lowest PSNR first'], ['psnr down', 'highest PSNR first'],
      ['ratio', 'lowest ratio first'], ['ratio down', 'highest ratio first'], ['bytes down', 'largest source first'],
    ], change('order'), 'place'));
  cards.pager = pager((to) => {
    cards.page = to;
    drawCards();
    $('#pictures').scrollIntoView();
  }, 'pictures');
  $('[data-cards-pager]').replaceWith(cards.pager.node);
  drawCards();
}

/** Turns to the page of a picture and goes there. */
function open(picture, wanted) {
  if (!cards.found.includes(picture)) {
    Object.assign(cards, { text: '', status: '', order: 'place' });
    $('[data-pictures-bar]').reset();
    arrangeCards();
  }
  cards.page = Math.floor(cards.found.indexOf(picture) / CARDS);
  drawCards(wanted);
  const node = $(`#picture-${picture.place}`);
  node.scrollIntoView();
  node.focus({ preventScroll: true });
}

function openAddressed() {
  const place = /^#picture-(\d+)$/.exec(location.hash)?.[1];
  const picture = place && PICTURES.find((one) => one.place === Number(place));
  if (picture) open(picture);
}

function drawTheme() {
  const button = $('#theme');
  const themes = ['auto', 'light', 'dark'];
  button.addEventListener('click', () => {
    const next = themes[(themes.indexOf(document.documentElement.dataset.theme ?? 'auto') + 1) % 3];
    document.documentElement.dataset.theme = next;
    button.textContent = `Theme: ${next}`;
  });
}

for (const node of document.querySelectorAll('[data-bytes]')) node.textContent = bytes(Number(node.dataset.bytes));
for (const node of document.querySelectorAll('[data-seconds]')) node.textContent = seconds(Number(node.dataset.seconds));
for (const node of document.querySelectorAll('[data-copy]')) {
  node.addEventListener('click', () => copy($(`#${node.dataset.copy}`).textContent));
}
drawTheme();
drawVariants();
drawCurves();
drawSpread();
drawPictures();
drawResults();
openAddressed();
window.addEventListener('hashchange', openAddressed);
