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
  const { x, y } = m.view, p = m.points, middle = ([a, b]) => [(a + b) / 2];
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
  const images = m.points ? [] : [image(m.view, m.base, 1)];
  if (m.lit && !m.points) images.push(image(m.view, m.lit, 1 + 1e-6));     // plotly.js joins images by geometry: equal geometry drops the second
  return {
    images, shapes: m.outlines.map(o => outline(S, o)), selections: [], height: d.height, margin: MARGIN, dragmode: DRAG[S.tool], showlegend: false,
    xaxis: axis(m.view.x, d.x_title), yaxis: axis(m.view.y, d.y_title),
    annotations: m.flat ? [{ ...guide(m.flat, .5, 'middle'), x: .5, xanchor: 'center', font: { size: 12, color: ink } }]
      : d.zoomed || !d.usual ? [] : GUIDES.map(g => guide(...g)),
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
  const { zoomed, usual, height, theme, x_title, y_title } = S.data, { view } = m, width = c.stage.clientWidth, right = width - MARGIN.r, bottom = height - MARGIN.b;
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
    ...(m.flat || zoomed || !usual ? [] : GUIDES).map(([text, y, side]) => word(text, right - 3, Y(y * (view.y[1] - view.y[0]) + view.y[0]) + { top: 13, middle: 3, bottom: -6 }[side], 'end')),
    word(x_title, (MARGIN.l + right) / 2, height - 8, 'middle'), word(y_title, 0, 0, 'middle', 11, `transform="translate(15,${middle}) rotate(-90)"`),
  ].join('')}</svg>`;
}

// The round numbers at which Plotly draws the grid of an axis with nticks: 6.
function ticks([low, high]) {
  const rough = (high - low) / 6, base = 10 ** Math.floor(Math.log10(rough)), step = base * [2, 5, 10].find(s => s >= rough / base);
  return Array.from({ length: Math.floor(high / step) - Math.ceil(low / step) + 1 }, (_, k) => +((Math.ceil(low / step) + k) * step).toFixed(9));
}

async function paintChart(S, c, m) {
  const signature = JSON.stringify([m.run, m.key, S.data.height, S.data.theme]);
  if (signature === c.signature) return;
  const first = !c.signature;
  c.signature = signature;
  S.busy++;
  try { await Plotly.react(c.plot, traces(S, m), layout(S, m), CONFIG); } finally { S.busy--; }
  c.sketch.replaceChildren();
  if (first) listen(S, c);
}
