// Elements, numbers as text, and the clipboard.

const SVG = document.querySelector('svg').namespaceURI; // so that no address stands in the page

/** Makes an element: properties and attributes, then children; text is never markup. */
function el(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

const $ = (selector, within = document) => within.querySelector(selector);

/** What a block of JSON says; infinite numbers stand in it as text. */
function read(node) {
  return JSON.parse(node.textContent, (_, value) => (value === '∞' ? Infinity : value));
}

const known = (value) => value !== null && value !== undefined;
const plain = new Intl.NumberFormat('en');

// Formats are kept: making one takes longer than using it a hundred times.
const formats = new Map();
function format(kind, least, most) {
  const key = `${kind} ${least} ${most}`;
  if (!formats.has(key)) {
    formats.set(key, new Intl.NumberFormat('en', { [`minimum${kind}Digits`]: least, [`maximum${kind}Digits`]: most }));
  }
  return formats.get(key);
}

/** A number with so many digits that count; `brief` leaves zeros at its end out. */
function digits(value, count = 3, brief = false) {
  if (!known(value)) return '–';
  if (value === Infinity) return '∞';
  if (value === 0 || Math.abs(value) >= 10 ** (count - 1)) return plain.format(Math.round(value));
  return format('Significant', brief ? 1 : count, count).format(value);
}

function fixed(value, places) {
  if (!known(value)) return '–';
  return value === Infinity ? '∞' : format('Fraction', places, places).format(value);
}

function bytes(value) {
  if (!known(value)) return '–';
  let unit = 0;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  while (value >= 999.95 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${unit && value < 99.95 ? fixed(value, 1) : plain.format(Math.round(value))} ${units[unit]}`;
}

function seconds(value) {
  if (!known(value)) return '–';
  if (value >= 60) return `${digits(value / 60, 2)} min`;
  return value >= 1 ? `${digits(value)} s` : `${digits(value * 1000)} ms`;
}

function decibels(value, places) {
  if (!known(value)) return '–';
  return value === Infinity ? 'exact' : `${fixed(value, places)} dB`;
}

// How columns are called and told; measures are called as they are.
const COLUMNS = {
  bytes_out: { label: 'Bytes', text: bytes },
  ratio: { label: 'Ratio', text: (value) => (known(value) ? `${fixed(value, 1)} ×` : '–') },
  psnr: { label: 'PSNR', text: (value) => decibels(value, 2) },
  loss: { label: 'Loss', text: (value) => digits(value) },
  seconds: { label: 'Time', text: seconds },
};
const column = (name) => COLUMNS[name] || { label: name, text: (value) => digits(value, 4) };

/** Says something in a corner, also to screen readers. */
let quiet = 0;
function say(text) {
  const place = $('#said');
  place.textContent = text;
  place.classList.add('on');
  clearTimeout(quiet);
  quiet = setTimeout(() => place.classList.remove('on'), 2000);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // not allowed here: the way before there was a clipboard to ask
    const area = el('textarea', { readonly: true, class: 'away' });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  }
  say(`Copied ${text.length > 20 ? 'the text' : text}`);
}
