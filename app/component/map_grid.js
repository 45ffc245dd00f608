// Linked data maps: one toolbar, one Plotly chart a run. The server shades the points and decides what an outline holds; the browser
// draws axes and pictures, and sends outlines.
//
// data (Python -> here): maps[{ run, name, subtitle, live, note, hint, key, flat, base, lit, points, outlines[{op, shape}], ring,
//   hist_x, hist_y, hist_x_lit, hist_y_lit }], view {x, y}, zoomed, gl, columns, height, x_title, y_title, legend {title, colours, ticks, nominal},
//   active (a run), can_undo, can_redo, selected, status, theme {muted, grid, line}, stamp.
// here -> Python: triggers step {op, run, shape | region, q}, command, pick {id | run, x, y}; states view, active.
//
// The server's answer is the only truth: a drawn outline is removed at once and comes back as a shape of the next answer, so that undo
// needs nothing here. Which tool and which mode the hand holds is the browser's own affair and costs no round trip.

const PLOTLY = new URL('vendor/plotly.min.js', document.baseURI).href;
const MARGIN = { l: 36, r: 34, t: 34, b: 34 };                            // top and right leave room for the histograms
const DRAG = { lasso: 'lasso', box: 'select', pan: 'pan' };
const TOOLS = [['lasso', 'lasso_select', 'Lasso'], ['box', 'select', 'Box'], ['pan', 'pan_tool', 'Pan; the wheel zooms']];
const MODES = [['new', 'New', 'Replace the selection'], ['add', 'Add', 'Add (hold Shift)'], ['subtract', 'Subtract', 'Subtract (hold Alt)'],
  ['intersect', 'Intersect', 'Keep what is in both']];
const REGIONS = [['easy', 'Easy', 'Highest confidence'], ['ambiguous', 'Ambiguous', 'Highest variability: what FTFT trains on'],
  ['hard', 'Hard', 'Lowest confidence']];
const COMMANDS = [['undo', 'undo', 'Undo'], ['redo', 'redo', 'Redo'], ['clear', 'deselect', 'Clear the selection']];
const ZOOMS = [['in', 'zoom_in', 'Zoom in'], ['out', 'zoom_out', 'Zoom out'], ['fit', 'fit_screen', 'Show everything (double click)']];
const GUIDES = [['easy', 1, 'top'], ['hard', 0, 'bottom'], ['ambiguous', .76, 'middle']];   // at the right edge: height, and which side of the word lies there
const CLICK = { px: 4, ms: 500 };                                         // a press that moves less and ends sooner is a click
// Plotly's handles at edges and corners would stretch an axis where a lasso begins.
const CONFIG = { displayModeBar: false, responsive: true, doubleClick: false, showAxisDragHandles: false, showAxisRangeEntryBoxes: false };
const instances = new WeakMap();

const loadPlotly = () => window.__ftftPlotly ??= new Promise((ok, fail) => {
  const failed = () => { window.__ftftPlotly = undefined; fail(Error('Plotly could not be fetched from this app. Is it still running? Then reload the page.')); };
  document.head.append(Object.assign(document.createElement('script'), { src: PLOTLY, onload: ok, onerror: failed }));
});
const make = (tag, cls, parent, text = '') => {
  const el = Object.assign(document.createElement(tag), { className: cls, textContent: text });
  parent.append(el);
  return el;
};
const icon = (name, parent) => make('span', 'mg-icon', parent, name).setAttribute('aria-hidden', 'true');

// ---- toolbar --------------------------------------------------------------------------------------------------------------------

function buildToolbar(S) {
  const bar = make('div', 'mg-bar', S.root);
  const group = (items, cls, fill, onClick, tool = id => id) => {
    const box = make('div', `mg-group ${cls}`, bar);
    return Object.fromEntries(items.map(([id, face, title]) => {
      const b = make('button', '', box);
      Object.assign(b, { type: 'button', title, onclick: () => onClick(id) });
      if (tool(id)) b.dataset.tool = tool(id);
      fill(b, face, id);
      return [id, b];
    }));
  };
  const asIcon = (b, name) => { icon(name, b); b.ariaLabel = b.title; }, asText = (b, text) => b.append(text);
  const asRegion = (b, text, id) => { make('i', '', b).style.background = `var(--c-${id})`; b.append(text); };
  S.tools = group(TOOLS, 'mg-switch', asIcon, tool => {
    S.tool = tool;
    relayout(S, { dragmode: DRAG[tool] });
    paintToolbar(S);
  });
  S.modes = group(MODES, 'mg-switch', asText, mode => { S.mode = mode; paintToolbar(S); });
  group(REGIONS, '', asRegion, region => S.trigger('step', { op: S.held ?? S.mode, run: S.data.active, region, q: share(S) }));
  const label = make('label', 'mg-share', bar, 'q');
  S.share = Object.assign(make('input', '', label), { type: 'number', min: 1, max: 99, value: 33, title: 'Share of the training examples that a region takes' });
  label.append('%');
  S.commands = group(COMMANDS, '', asIcon, command => S.trigger('command', command));
  group(ZOOMS, '', asIcon, how => zoomBy(S, how), () => '');
  S.status = make('span', 'mg-status', bar);
  S.legend = make('div', 'mg-legend', bar);
}

const relayout = (S, change) => S.charts.filter(c => c.plot._fullLayout).forEach(c => Plotly.relayout(c.plot, change));
const share = S => Math.min(Math.max(Number(S.share.value) || 33, 1), 99) / 100;

function paintToolbar(S) {
  for (const [id, b] of Object.entries(S.tools)) b.ariaPressed = id === S.tool;
  for (const [id, b] of Object.entries(S.modes)) b.ariaPressed = id === (S.held ?? S.mode);
  S.commands.undo.disabled = !S.data.can_undo;
  S.commands.redo.disabled = !S.data.can_redo;
  S.commands.clear.disabled = !S.data.selected;
  S.status.textContent = S.data.status;
  const { title, colours, ticks, nominal } = S.data.legend;
  S.legend.replaceChildren();
  make('span', '', S.legend, title);
  if (nominal) ticks.forEach((tick, k) => { make('i', '', S.legend).style.background = colours[k]; make('span', '', S.legend, tick); });
  else {
    make('span', '', S.legend, ticks[0]);
    make('b', '', S.legend).style.background = `linear-gradient(90deg,${colours})`;
    make('span', '', S.legend, ticks[1]);
  }
}

// ---- one map --------------------------------------------------------------------------------------------------------------------

function buildMap(S) {
  const card = make('figure', 'mg-map', S.grid), head = make('figcaption', 'mg-head', card), stage = make('div', 'mg-stage', card);
  const sketch = make('div', 'mg-sketch', stage), plot = make('div', 'mg-plot', stage), top = make('div', 'mg-top', stage), right = make('div', 'mg-right', stage);
  const c = { card, head, stage, sketch, plot, top, right };
  c.resized = new ResizeObserver(() => plot._fullLayout ? Plotly.Plots.resize(plot) : c.resketch?.());   // `responsive` hears the window, not a new column count
  c.resized.observe(stage);
  head.onclick = () => S.setState('active', card.dataset.run);
  return c;
}

function removeMap(c) {
  c.resized.disconnect();
  if (c.plot._fullLayout) Plotly.purge(c.plot);
  c.card.remove();
}

const image = ({ x, y }, source, stretch) => ({
  source, xref: 'x', yref: 'y', x: x[0], y: y[1], sizex: (x[1] - x[0]) * stretch, sizey: y[1] - y[0], sizing: 'stretch', layer: 'below',
});

function outline(S, { op, shape }) {
  const where = shape.type === 'box' ? { type: 'rect', x0: shape.x0, x1: shape.x1, y0: shape.y0, y1: shape.y1 }
    : { type: 'path', path: `M${shape.points.map(p => p.join(',')).join('L')}Z` };
  return { ...where, xref: 'x', yref: 'y', fillcolor: 'rgba(0,0,0,0)', line: { color: S.css('--st-text-color'), width: 1.3, dash: op === 'subtract' ? '2px,3px' : 'solid' } };
}

function traces(S, m) {
  const { x, y } = S.data.view, p = m.points, middle = ([a, b]) => [(a + b) / 2];
  const still = opacity => ({ marker: { opacity } });                     // Plotly's own selection must not restyle the points
  const examples = p
    ? { type: S.data.gl ? 'scattergl' : 'scatter', x: p.x, y: p.y, customdata: p.id, text: p.text, hovertemplate: '%{text}<extra></extra>', marker: { size: 5, color: p.colour, opacity: p.opacity }, selected: {}, unselected: still(.6) }
    : { type: 'scatter', x: middle(x), y: middle(y), hoverinfo: 'skip', marker: { opacity: 0 }, selected: still(0), unselected: still(0) };
  const ring = { type: 'scatter', x: m.ring ? [m.ring[0]] : [], y: m.ring ? [m.ring[1]] : [], hoverinfo: 'skip', selected: still(1), unselected: still(1),
    marker: { symbol: 'circle', size: 13, color: m.ring?.[2], line: { color: S.css('--st-text-color'), width: 2 }, opacity: 1 } };
  return [examples, ring].map(t => ({ mode: 'markers', showlegend: false, ...t }));
}

function layout(S, m) {
  const d = S.data, ink = S.css('--st-text-color'), paper = S.css('--st-background-color'), family = S.css('--st-font') || 'sans-serif';
  const axis = (range, title) => ({ range: [...range], title: { text: title, standoff: 4, font: { size: 11, color: d.theme.muted } }, zeroline: false, gridcolor: d.theme.grid, tickfont: { size: 10, color: d.theme.muted }, nticks: 6 });
  const guide = (text, y, yanchor) => ({ text, x: 1, y, xref: 'paper', yref: 'paper', xanchor: 'right', yanchor, showarrow: false, font: { size: 11, color: d.theme.muted } });
  const images = m.points ? [] : [image(d.view, m.base, 1)];
  if (m.lit && !m.points) images.push(image(d.view, m.lit, 1 + 1e-6));     // plotly.js joins images by geometry: equal geometry drops the second
  return {
    images, shapes: m.outlines.map(o => outline(S, o)), selections: [], height: d.height, margin: MARGIN, dragmode: DRAG[S.tool], showlegend: false,
    xaxis: axis(d.view.x, d.x_title), yaxis: axis(d.view.y, d.y_title),
    annotations: m.flat ? [{ ...guide(m.flat, .5, 'middle'), x: .5, xanchor: 'center', font: { size: 12, color: ink } }]
      : d.zoomed ? [] : GUIDES.map(g => guide(...g)),
    paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', font: { color: ink, family },
    newselection: { line: { color: ink, width: 1.3, dash: 'solid' } }, activeselection: { fillcolor: 'rgba(0,0,0,0)' },
    hoverlabel: { bgcolor: paper, bordercolor: d.theme.line, align: 'left', font: { color: ink, size: 12, family } },
  };
}

function paintHead(S, c, m) {
  c.head.replaceChildren();
  const title = make('button', 'mg-title', c.head, m.name);
  Object.assign(title, { type: 'button', title: 'Use this run for regions and for the table', ariaPressed: m.run === S.data.active });
  make('span', m.live ? 'mg-live' : '', c.head, m.subtitle).title = m.subtitle;
  const note = make('em', '', c.head);
  note.title = m.hint;
  m.note.forEach(([text, strong]) => make(strong ? 'b' : 'span', '', note, text));
}

function histogram(el, all, lit, upright) {
  const n = all.length;
  const area = (values, cls) => {
    const steps = values.map((v, k) => upright ? `L${k},${100 - v}L${k + 1},${100 - v}` : `L${v},${n - k}L${v},${n - k - 1}`).join('');
    return `<path class="${cls}" d="${upright ? 'M0,100' : `M0,${n}`}${steps}L${upright ? `${n},100` : '0,0'}Z"/>`;
  };
  el.innerHTML = `<svg viewBox="0 0 ${upright ? `${n} 100` : `100 ${n}`}" preserveAspectRatio="none">${area(all, 'mg-all')}${lit ? area(lit, 'mg-lit') : ''}</svg>`;
}

function paintFrame(S, c, m) {
  const { key, points, base, lit, outlines, ring, ...frame } = m, signature = JSON.stringify([frame, S.data.height, S.data.active === m.run]);
  if (signature === c.frame) return;                                      // or the title would lose the keyboard's focus with every answer
  c.frame = signature;
  c.card.dataset.run = m.run;
  c.stage.style.minHeight = `${S.data.height}px`;
  paintHead(S, c, m);
  histogram(c.top, m.hist_x, m.hist_x_lit, true);
  histogram(c.right, m.hist_y, m.hist_y_lit, false);
}

// Evaluating Plotly takes the browser a second or two. Until then the same picture, grid and words lie at the same places, as a plain SVG.
function sketch(S, c, m) {
  const { view, zoomed, height, theme, x_title, y_title } = S.data, width = c.stage.clientWidth, right = width - MARGIN.r, bottom = height - MARGIN.b;
  const X = v => MARGIN.l + (v - view.x[0]) / (view.x[1] - view.x[0]) * (right - MARGIN.l);
  const Y = v => bottom - (v - view.y[0]) / (view.y[1] - view.y[0]) * (bottom - MARGIN.t);
  const word = (text, x, y, anchor, size = 11, more = '') => `<text x="${x}" y="${y}" font-size="${size}" text-anchor="${anchor}" fill="${theme.muted}" ${more}>${text}</text>`;
  const line = d => `<path d="${d}" stroke="${theme.grid}" fill="none"/>`;
  const xs = ticks(view.x), ys = ticks(view.y), middle = (MARGIN.t + bottom) / 2;
  c.sketch.innerHTML = `<svg width="${width}" height="${height}">${[
    ...[m.base, m.lit].filter(p => p && !m.points).map(p => `<image href="${p}" x="${MARGIN.l}" y="${MARGIN.t}" width="${right - MARGIN.l}" height="${bottom - MARGIN.t}" preserveAspectRatio="none"/>`),
    ...xs.map(v => line(`M${X(v)},${MARGIN.t}V${bottom}`) + word(v, X(v), bottom + 13, 'middle', 10)),
    ...ys.map(v => line(`M${MARGIN.l},${Y(v)}H${right}`) + word(v, MARGIN.l - 3, Y(v) + 3.5, 'end', 10)),
    ...(m.points?.x ?? []).map((x, k) => `<circle cx="${X(x)}" cy="${Y(m.points.y[k])}" r="2.5" fill="${m.points.colour[k]}" opacity="${m.points.opacity[k]}"/>`),
    ...(m.flat || zoomed ? [] : GUIDES).map(([text, y, side]) => word(text, right - 3, Y(y * (view.y[1] - view.y[0]) + view.y[0]) + { top: 13, middle: 3, bottom: -6 }[side], 'end')),
    word(x_title, (MARGIN.l + right) / 2, height - 8, 'middle'), word(y_title, 0, 0, 'middle', 11, `transform="translate(15,${middle}) rotate(-90)"`),
  ].join('')}</svg>`;
}

// The round numbers at which Plotly draws the grid of an axis with nticks: 6.
function ticks([low, high]) {
  const rough = (high - low) / 6, base = 10 ** Math.floor(Math.log10(rough)), step = base * [2, 5, 10].find(s => s >= rough / base);
  return Array.from({ length: Math.floor(high / step) - Math.ceil(low / step) + 1 }, (_, k) => +((Math.ceil(low / step) + k) * step).toFixed(9));
}

async function paintChart(S, c, m) {
  const signature = JSON.stringify([m.run, m.key, S.data.view, S.data.height, S.data.theme]);
  if (signature === c.signature) return;
  const first = !c.signature;
  c.signature = signature;
  S.busy++;
  try { await Plotly.react(c.plot, traces(S, m), layout(S, m), CONFIG); } finally { S.busy--; }
  c.sketch.replaceChildren();
  if (first) listen(S, c);
}

// ---- what the hand does ---------------------------------------------------------------------------------------------------------

function shapeOf(drawn) {
  if (drawn.type === 'rect') return { type: 'box', x0: drawn.x0, x1: drawn.x1, y0: drawn.y0, y1: drawn.y1 };
  const points = drawn.path.slice(1, -1).split('L').map(p => p.split(',').map(Number));
  return points.length < 3 ? null : { type: 'lasso', points };
}

function listen(S, c) {
  c.plot.on('plotly_selected', e => {
    const drawn = e?.selections?.at(-1), shape = !S.busy && drawn && shapeOf(drawn);
    if (!shape) return;
    S.trigger('step', { op: S.held ?? S.mode, run: c.card.dataset.run, shape });
  });
  c.plot.on('plotly_doubleclick', () => S.setState('view', null));
  c.plot.on('plotly_relayout', e => { if (!S.busy && Object.keys(e).some(k => /^[xy]axis\.range/.test(k))) sendView(S, c); });
  c.plot.addEventListener('wheel', e => {                                 // the page keeps the wheel unless the reader asked for zoom
    if (S.tool !== 'pan' && !e.ctrlKey) return;
    e.preventDefault();
    zoomBy(S, e.deltaY < 0 ? 'in' : 'out', c, e);
  }, { passive: false });
  c.plot.addEventListener('mousedown', down => {                           // Plotly reports clicks on points only, and there may be none
    const began = performance.now();
    addEventListener('mouseup', up => {
      const moved = Math.hypot(up.clientX - down.clientX, up.clientY - down.clientY);
      if (down.button === 0 && moved < CLICK.px && performance.now() - began < CLICK.ms) pick(S, c, down);
    }, { once: true, capture: true });
  }, { capture: true });
}

function pick(S, c, { clientX, clientY }) {
  const { xaxis, yaxis } = c.plot._fullLayout, box = c.plot.getBoundingClientRect();
  const at = { x: xaxis.p2l(clientX - box.left - xaxis._offset), y: yaxis.p2l(clientY - box.top - yaxis._offset) };
  const inside = (v, [a, b]) => a <= v && v <= b;
  if (inside(at.x, xaxis.range) && inside(at.y, yaxis.range)) S.trigger('pick', { run: c.card.dataset.run, ...at });
}

function sendView(S, c) {
  const { xaxis, yaxis } = c.plot._fullLayout;
  clearTimeout(S.viewTimer);
  S.viewTimer = setTimeout(() => S.setState('view', { x: xaxis.range.map(Number), y: yaxis.range.map(Number) }), 120);
}

function zoomBy(S, how, c = S.charts[0], at = null) {
  if (how === 'fit') return S.setState('view', null);
  if (!c.plot._fullLayout) return;
  const factor = how === 'in' ? 0.6 : 1 / 0.6, { xaxis, yaxis } = c.plot._fullLayout, box = c.plot.getBoundingClientRect();
  const around = (axis, pixel) => {
    const [a, b] = axis.range.map(Number), centre = at ? axis.p2l(pixel - axis._offset) : (a + b) / 2;
    return [centre + (a - centre) * factor, centre + (b - centre) * factor];
  };
  const x = around(xaxis, at?.clientX - box.left), y = around(yaxis, at?.clientY - box.top);
  relayout(S, { 'xaxis.range': x, 'yaxis.range': y });
}

// ---- mount ----------------------------------------------------------------------------------------------------------------------

function create(root) {
  const S = { root, charts: [], tool: 'lasso', mode: 'new', held: null, busy: 0, css: n => getComputedStyle(root).getPropertyValue(n).trim() };
  buildToolbar(S);
  S.grid = make('div', 'mg-grid', root);
  S.onKey = e => {
    const held = e.shiftKey ? 'add' : e.altKey ? 'subtract' : null;
    if (held !== S.held) { S.held = held; paintToolbar(S); }
  };
  addEventListener('keydown', S.onKey);
  addEventListener('keyup', S.onKey);
  return S;
}

function dispose(S) {
  removeEventListener('keydown', S.onKey);
  removeEventListener('keyup', S.onKey);
  S.charts.forEach(removeMap);
  S.root.replaceChildren();
  instances.delete(S.root);
}

export default async function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector('.mg'), began = performance.now(), call = Symbol('call');
  let S = instances.get(root);
  if (!S) instances.set(root, S = create(root));
  Object.assign(S, { data, call, setState: setStateValue, trigger: setTriggerValue });
  S.grid.style.gridTemplateColumns = `repeat(${data.columns}, minmax(0, 1fr))`;
  while (S.charts.length < data.maps.length) S.charts.push(buildMap(S));
  while (S.charts.length > data.maps.length) removeMap(S.charts.pop());
  paintToolbar(S);
  const pairs = data.maps.map((m, k) => [S.charts[k], m]);
  pairs.forEach(([c, m]) => paintFrame(S, c, m));
  if (!window.Plotly) pairs.forEach(([c, m]) => (c.resketch = () => sketch(S, c, m))());
  await loadPlotly();
  // Streamlit does not wait for one call before the next, and runs what an overtaken call returns as if the maps were taken off the page.
  const latest = () => S.call === call;
  if (latest()) await Promise.all(pairs.map(([c, m]) => paintChart(S, c, m)));
  if (latest()) {
    root.dataset.ms = Math.round(performance.now() - began);
    root.dataset.stamp = data.stamp;                                       // tells a browser test that this answer is on the screen
  }
  return () => { if (latest()) dispose(S); };
}
