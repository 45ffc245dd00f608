// Curves of a run over its steps, as SVG. Streamlit's chart is a new one whenever its data change; this one is painted again in place, and
// what the pointer asks for stays on it.
//
// data (Python -> here): charts[{ title, end (the last step there will be), zero (does the scale begin at 0?), digits,
//   lines[{ name, colour, faint, dots, points[[step, value]] }] }].

const panels = new WeakMap();
const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 172, LEFT = 40, RIGHT = 4, TOP = 8, BOTTOM = 36;            // pixels: the frame, and the margins with the words of the axes

const draw = (tag, attributes, parent, text) => {
  const e = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  if (text !== undefined) e.textContent = text;
  parent.append(e);
  return e;
};

// Round numbers from `low` to `high`, about `count` of them.
function ticks(low, high, count) {
  const rough = (high - low) / count || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find(k => k * power >= rough * .999), found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
}

function scales(chart, width) {
  const values = chart.lines.flatMap(line => line.points.map(([, value]) => value));
  let low = chart.zero ? 0 : Math.min(...values), high = Math.max(...values);
  if (high - low < 1e-9) [low, high] = [low - (chart.zero ? 0 : .01), high + .01];
  const room = .06 * (high - low), end = chart.end || 1;
  [low, high] = [chart.zero ? 0 : low - room, high + room];
  return { low, high, end, x: s => LEFT + (width - LEFT - RIGHT) * s / end, y: v => TOP + (HEIGHT - TOP - BOTTOM) * (high - v) / (high - low) };
}

function paint(C) {
  const { chart, svg } = C, width = svg.clientWidth;
  if (!width) return;
  const { low, high, end, x, y } = C.scales = scales(chart, width);
  svg.replaceChildren();
  for (const v of ticks(low, high, 3)) {
    draw('line', { class: 'rc-grid', x1: LEFT, x2: width - RIGHT, y1: y(v), y2: y(v) }, svg);
    draw('text', { x: LEFT - 7, y: y(v) + 4, 'text-anchor': 'end' }, svg, String(v));
  }
  for (const s of ticks(0, end, width > 380 ? 5 : 3)) {
    if (s % 1) continue;
    draw('line', { class: 'rc-grid', x1: x(s), x2: x(s), y1: TOP, y2: HEIGHT - BOTTOM }, svg);
    draw('text', { x: x(s), y: HEIGHT - BOTTOM + 15, 'text-anchor': x(s) > width - 24 ? 'end' : 'middle' }, svg, s.toLocaleString('en').replaceAll(',', '\u202f'));
  }
  draw('text', { x: (LEFT + width - RIGHT) / 2, y: HEIGHT - 5, 'text-anchor': 'middle' }, svg, 'step');
  for (const line of chart.lines) {
    const d = line.points.map(([s, v], k) => `${k ? 'L' : 'M'}${x(s).toFixed(1)},${y(v).toFixed(1)}`).join('');
    draw('path', { class: line.faint ? 'rc-faint' : 'rc-line', d, style: `stroke:${line.colour}` }, svg);
    if (line.dots) for (const [s, v] of line.points) draw('circle', { cx: x(s), cy: y(v), r: 2.6, style: `fill:${line.colour}` }, svg);
  }
  point(C);
}

// What lies under the pointer, in words.
function point(C) {
  C.svg.querySelector('.rc-here')?.remove();
  if (C.at === null || !C.scales) return;
  const { x, y, end } = C.scales, wanted = (C.at - LEFT) / (x(end) - LEFT) * end;
  const lines = C.chart.lines.filter(line => !line.faint && line.points.length);
  const near = lines.map(line => line.points.reduce((a, b) => Math.abs(b[0] - wanted) < Math.abs(a[0] - wanted) ? b : a));
  if (!near.length) return;
  const here = draw('g', { class: 'rc-here' }, C.svg), s = near[0][0], right = x(s) > C.svg.clientWidth / 2;
  draw('line', { x1: x(s), x2: x(s), y1: TOP, y2: HEIGHT - BOTTOM }, here);
  const words = lines.map((line, k) => `${lines.length > 1 ? `${line.name} ` : ''}${near[k][1].toFixed(C.chart.digits)}`);
  [`step ${s}`, ...words].forEach((text, k) => {
    draw('text', { x: x(s) + (right ? -6 : 6), y: TOP + 11 + 14 * k, 'text-anchor': right ? 'end' : 'start' }, here, text);
  });
  near.forEach(([step, value], k) => draw('circle', { cx: x(step), cy: y(value), r: 3.4, style: `fill:${lines[k].colour}` }, here));
}

function frame(root) {
  const figure = document.createElement('figure'), head = document.createElement('figcaption'), svg = document.createElementNS(SVG, 'svg');
  const C = { figure, head, svg, at: null };
  svg.setAttribute('height', HEIGHT);
  svg.setAttribute('role', 'img');
  svg.onpointermove = e => { C.at = e.offsetX; point(C); };
  svg.onpointerleave = () => { C.at = null; point(C); };
  figure.append(head, svg);
  root.append(figure);
  C.sizes = new ResizeObserver(() => paint(C));
  C.sizes.observe(svg);
  return C;
}

function caption(C) {
  const named = C.chart.lines.filter(line => line.name);
  const words = [C.chart.title, ...(named.length > 1 ? named : []).map(line => line.name)];
  if (C.words === words.join('\n')) return;
  C.words = words.join('\n');
  C.head.replaceChildren(...words.map((text, k) => {
    const span = Object.assign(document.createElement('span'), { textContent: text });
    if (k) span.style.setProperty('--key', named[k - 1].colour);
    return span;
  }));
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector('.rc');
  let frames = panels.get(root);
  if (!frames) panels.set(root, frames = []);
  while (frames.length < data.charts.length) frames.push(frame(root));
  while (frames.length > data.charts.length) {
    const C = frames.pop();
    C.sizes.disconnect();
    C.figure.remove();
  }
  data.charts.forEach((chart, k) => {
    const C = frames[k];
    C.chart = chart;
    caption(C);
    C.svg.setAttribute('aria-label', `${chart.title} over steps`);
    C.svg.dataset.last = Math.max(0, ...chart.lines.flatMap(line => line.points.map(([step]) => step)));   // for a browser test
    paint(C);
  });
}
