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
