// Linked data maps: one toolbar, one Plotly chart a run, one scrubber over the epochs. The server shades the points and decides what an
// outline holds; the browser draws axes and pictures, and sends outlines. These files are joined in this order: parts, toolbar, chart,
// scrubber, hand, mount (map_grid.py).
//
// data (Python -> here): maps[{ run, name, subtitle, live, note, hint, key, flat, view {x, y}, base, lit, points, outlines[{op, shape}], ring,
//   hist_x, hist_y, hist_x_lit, hist_y_lit }], zoomed, views, axes, usual, gl, screen {width, dpr}, columns, height, x_title, y_title,
//   legend {title, by, colours, ticks, nominal, off[], parts}, scrubber {last, from, to, curve[[epoch, overlap]], chance, settled, words} | null,
//   active (a run), can_undo, can_redo, selected, status, theme {muted, grid, line}, stamp.
// here -> Python: triggers step {op, run, shape | region, q}, command, pick {op (add, subtract, or null: open it), run, x, y}, epochs [a, b], legend {part, parts};
//   states views {axes, views{all | RUN: {x, y}}}, active, screen.
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
const COMMANDS = [['undo', 'undo', 'Undo (Ctrl-Z)'], ['redo', 'redo', 'Redo (Ctrl-Shift-Z)'], ['clear', 'deselect', 'Clear the selection (Esc)']];
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
