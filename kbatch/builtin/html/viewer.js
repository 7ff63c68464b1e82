// The source and one result in one frame: a slider between them, or their difference.

const SHOWN = /\.(png|apng|gif|webp|bmp|avif|jpe?g|jfif)$/i; // what browsers show

/** A frame that compares; `show(url, name)` gives it another result. */
function viewer(preview, name) {
  const source = el('img', { alt: `${name}, the source`, class: 'source', draggable: 'false' });
  const result = el('img', { alt: '', class: 'result', draggable: 'false' });
  const handle = el('div', {
    class: 'handle', role: 'slider', tabindex: 0, 'aria-label': 'Source to the left, result to the right',
    'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-orientation': 'horizontal',
  }, el('span', { class: 'knob', 'aria-hidden': 'true' }));
  const tags = el('div', { class: 'tags', 'aria-hidden': 'true' }, el('span', {}, 'source'), el('span', {}, 'result'));
  const stage = el('div', { class: 'stage' }, result, source, handle);
  const frame = el('div', { class: 'frame', tabindex: 0, role: 'region', 'aria-label': `${name}, source and result` }, stage);
  const problem = el('p', { class: 'note', hidden: true });
  const about = el('p', { class: 'hint' });
  const mode = choice('Show', [['slider', 'Slider'], ['difference', 'Error map']], layOut);
  const zoom = choice('Zoom', [['fit', 'Fit'], ['1', '1:1'], ['2', '2×'], ['4', '4×'], ['8', '8×']], layOut);
  const file = el('input', { type: 'file', accept: 'image/*', onchange: chosen });
  const heat = el('p', { class: 'heat', hidden: true }, el('span', {}, '0'), el('span', { class: 'ramp' }),
    el('span', {}, '32 and more: error, mean of the channels'));
  const node = el('div', { class: 'viewer' },
    el('div', { class: 'bar' }, mode.node, zoom.node), problem,
    el('div', { class: 'holder' }, frame, tags), heat, about,
    el('label', { class: 'file hint' }, 'Compare with the source itself: ', file));
  let full = false; // the source itself, not its preview

  source.addEventListener('load', layOut);
  result.addEventListener('load', layOut);
  result.addEventListener('error', () => fail('The result could not be shown: the file is not there, or the browser does not know its format.'));
  source.addEventListener('error', () => fail('The source could not be shown.'));
  handle.addEventListener('keydown', (event) => {
    const steps = {
      ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10, Home: -100, End: 100,
    };
    if (!(event.key in steps)) return;
    event.preventDefault();
    move(Number(handle.getAttribute('aria-valuenow')) + steps[event.key]);
  });
  for (const [part, drags] of [[handle, true], [stage, false]]) {
    part.addEventListener('pointerdown', (event) => {
      if (event.button || mode.value() !== 'slider') return;
      if (drags) {
        part.setPointerCapture(event.pointerId);
        event.preventDefault();
        handle.focus({ preventScroll: true });
      } else if (event.pointerType === 'mouse') {
        follow(event);
      }
    });
  }
  handle.addEventListener('pointermove', (event) => {
    if (handle.hasPointerCapture(event.pointerId)) follow(event);
  });
  new ResizeObserver(layOut).observe(frame);

  function follow(event) {
    const box = stage.getBoundingClientRect();
    move(((event.clientX - box.left) / box.width) * 100);
  }

  function move(to) {
    const at = Math.round(Math.min(Math.max(to, 0), 100));
    handle.setAttribute('aria-valuenow', at);
    handle.setAttribute('aria-valuetext', `${at} % source`);
    stage.style.setProperty('--at', `${at}%`);
  }

  function fail(text) {
    problem.textContent = text;
    problem.hidden = false;
  }

  /** Sizes the stage: in a difference the result is scaled to the source, pixel to pixel. */
  function layOut() {
    const differs = mode.value() === 'difference';
    const both = source.naturalWidth > 0 && result.naturalWidth > 0;
    const size = differs && source.naturalWidth ? source : result.naturalWidth ? result : source;
    const width = size.naturalWidth / window.devicePixelRatio;
    const height = size.naturalHeight / window.devicePixelRatio;
    stage.hidden = !width;
    if (!width) return;
    const times = differs && !whole() ? 1 : zoom.value() === 'fit' ? fit(width, height) : Number(zoom.value());
    stage.style.width = `${width * times}px`;
    stage.style.aspectRatio = `${size.naturalWidth} / ${size.naturalHeight}`;
    stage.classList.toggle('crisp', times > 1);
    stage.classList.toggle('smooth', !whole());
    stage.classList.toggle('difference', differs && both);
    stage.classList.toggle('alone', !both);
    zoom.node.disabled = differs && !whole();
    heat.hidden = !differs || !both;
    tags.hidden = differs || !both;
    about.textContent = notes(differs, both);
  }

  /** Whether the source is there in full, so that it can be compared pixel by pixel. */
  function whole() {
    return full || source.naturalWidth * source.naturalHeight >= result.naturalWidth * result.naturalHeight;
  }

  function notes(differs, both) {
    if (!source.naturalWidth) return '';
    const said = full ? 'The source is the file you chose.'
      : `The source is a preview of ${source.naturalWidth} × ${source.naturalHeight} pixels.`;
    if (!both) return said;
    return differs && !whole() ? `${said} The result is scaled down to it before they are compared.`
      : `${said} The result has ${plain.format(result.naturalWidth)} × ${plain.format(result.naturalHeight)}.`;
  }

  function fit(width, height) {
    const room = Math.min(frame.clientWidth / width, (window.innerHeight * 0.75) / height);
    return room >= 2 ? Math.floor(room) : Math.min(room, 1);
  }

  function chosen() {
    if (!file.files.length) return;
    if (source.src.startsWith('blob:')) URL.revokeObjectURL(source.src);
    full = true;
    problem.hidden = true;
    source.src = URL.createObjectURL(file.files[0]);
  }

  if (preview) source.src = preview;
  move(50);
  return {
    node,
    /** Shows a result; a text instead of it where there is none. */
    show(url, label, text) {
      problem.hidden = true;
      result.alt = `${name} in ${label}`;
      if (url) result.src = url;
      else result.removeAttribute('src');
      if (!preview && !full) fail('There is no preview of the source: previews are kept when the job itself asks for the report html.');
      if (text) fail(text);
      layOut();
    },
  };
}

/** A row of buttons of which one is pressed. */
function choice(label, options, changed) {
  let current = options[0][0];
  const buttons = options.map(([value, text]) => el('button', {
    type: 'button', 'aria-pressed': String(value === current), 'data-value': value,
    onclick: () => {
      current = value;
      for (const one of buttons) one.setAttribute('aria-pressed', String(one.dataset.value === value));
      changed();
    },
  }, text));
  return { node: el('fieldset', { class: 'choice' }, el('legend', {}, label), buttons), value: () => current };
}
