// One picture: its results side by side, compared, with palettes and curves.

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
