// Tables that are sorted by a click on a heading, and shown page by page.

/**
 * A table in `host`.
 * Columns are {label, value(row), text(row) or node(row), number}; what is not known is sorted last.
 * Returns a function that shows other rows.
 */
function table(host, { name, columns, rows, size = 50 }) {
  let order = null; // {column, sign}
  let page = 0;
  let sorted = rows;
  const heads = columns.map((one) => el('th', { scope: 'col', class: one.number ? 'number' : null },
    el('button', { type: 'button', onclick: () => sortBy(one) }, one.label)));
  const body = el('tbody');
  const pages = pager((to) => { page = to; draw(); }, 'results');
  host.replaceChildren(
    el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': name },
      el('table', {}, el('thead', {}, el('tr', {}, heads)), body)), pages.node);

  function sortBy(one) {
    const sign = order?.column === one ? -order.sign : 1;
    order = { column: one, sign };
    page = 0;
    arrange();
  }

  function arrange() {
    sorted = rows;
    if (order) {
      const { column: { value }, sign } = order;
      sorted = [...rows].sort((a, b) => compare(value(a), value(b), sign));
    }
    heads.forEach((head, index) => {
      const chosen = order?.column === columns[index];
      if (chosen) head.setAttribute('aria-sort', order.sign > 0 ? 'ascending' : 'descending');
      else head.removeAttribute('aria-sort');
    });
    draw();
  }

  function draw() {
    body.replaceChildren(...sorted.slice(page * size, (page + 1) * size).map((row) => el('tr', {},
      columns.map((one, index) => el(index ? 'td' : 'th',
        { scope: index ? null : 'row', class: one.number ? 'number' : null },
        one.node ? one.node(row) : one.text(row))))));
    pages.show(page, size, sorted.length);
  }

  arrange();
  return (found) => { rows = found; page = 0; arrange(); };
}

/** Orders two values, numbers before text, what is not known last in either direction. */
function compare(a, b, sign) {
  if (!known(a) || !known(b)) return known(b) - known(a);
  if (typeof a === 'string') return sign * a.localeCompare(b, 'en', { numeric: true });
  return a === b ? 0 : sign * (a < b ? -1 : 1);
}

/** Buttons to leaf with; nothing where there is one page. */
function pager(go, what) {
  const text = el('span', { 'aria-live': 'polite' });
  let page = 0;
  let last = 0;
  const button = (label, to) => el('button', { type: 'button', onclick: () => go(to()) }, label);
  const buttons = [
    button('« First', () => 0), button('‹ Previous', () => page - 1),
    button('Next ›', () => page + 1), button('Last »', () => last),
  ];
  const node = el('div', { class: 'pager', role: 'group', 'aria-label': `Pages of ${what}` },
    buttons[0], buttons[1], text, buttons[2], buttons[3]);
  return {
    node,
    show(at, size, count) {
      page = at;
      last = Math.max(Math.ceil(count / size) - 1, 0);
      text.textContent = count
        ? `${plain.format(at * size + 1)}–${plain.format(Math.min((at + 1) * size, count))} of ${plain.format(count)} ${what}`
        : `No ${what} that fit`;
      buttons.forEach((one, index) => {
        one.disabled = index < 2 ? page === 0 : page === last;
        one.hidden = last === 0;
      });
      node.hidden = count > 0 && last === 0;
    },
  };
}
