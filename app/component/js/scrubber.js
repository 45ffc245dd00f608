// ---- scrubber: the range of epochs, its player, and below it when the selection has settled ------------------------------------------

const PLAY_MS = 350;                                                      // how long an epoch is seen at least
const CURVE = { height: 46, pad: 9 };

function buildScrubber(S) {
  const box = S.scrubber = make('div', 'mg-time', S.root);
  S.play = make('button', 'mg-play', box);
  Object.assign(S.play, { type: 'button', onclick: () => S.playing ? stopPlaying(S) : startPlaying(S) });
  S.play.dataset.tool = 'play';
  S.epochWords = make('span', 'mg-epochs', box);
  S.track = make('div', 'mg-track', box);
  S.rail = make('div', 'mg-rail', S.track);
  S.handles = ['from', 'to'].map(end => buildHandle(S, end));
  S.curve = make('div', 'mg-curve', S.track);
  S.timeWords = make('p', 'mg-settled', box);
}

function buildHandle(S, end) {
  const handle = make('button', 'mg-handle', S.track);
  Object.assign(handle, { type: 'button', ariaLabel: end === 'from' ? 'First epoch' : 'Last epoch' });
  handle.setAttribute('role', 'slider');
  handle.dataset.end = end;
  handle.onkeydown = e => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[e.key];
    if (!by) return;
    e.preventDefault();
    moveEpoch(S, end, S.range[end] + by);
  };
  handle.onpointerdown = down => {
    handle.setPointerCapture(down.pointerId);
    stopPlaying(S);
    handle.onpointermove = e => moveEpoch(S, end, epochAt(S, e.clientX));
    handle.onpointerup = handle.onpointercancel = () => { handle.onpointermove = null; };
  };
  return handle;
}

const place = (S, epoch) => (epoch - 1) / (S.data.scrubber.last - 1);

function epochAt(S, clientX) {
  const { left, width } = S.rail.getBoundingClientRect();
  return Math.round(1 + (clientX - left) / width * (S.data.scrubber.last - 1));
}

function moveEpoch(S, end, epoch) {
  const { last } = S.data.scrubber, { from, to } = S.range;
  const range = end === 'from' ? { from: Math.min(Math.max(epoch, 1), to), to } : { from, to: Math.min(Math.max(epoch, from), last) };
  if (range.from === from && range.to === to) return;
  S.range = range;
  placeHandles(S);
  sendEpochs(S);
}

// One question at a time: what the hand did meanwhile is asked when the answer is on the screen.
function sendEpochs(S) {
  if (S.asking) { S.askAgain = true; return; }
  S.asking = true;
  S.trigger('epochs', [S.range.from, S.range.to]);
}

function answered(S) {
  S.asking = false;
  if (S.askAgain) { S.askAgain = false; sendEpochs(S); }
  else if (S.playing) S.playing = setTimeout(() => playOn(S), PLAY_MS);
}

function startPlaying(S) {
  const { from, to } = S.range, { last } = S.data.scrubber;
  S.playTo = to > from + 1 ? to : last;
  S.playing = 1;
  S.range = { from, to: Math.min(from + 1, last) };                        // variability needs two
  placeHandles(S);
  sendEpochs(S);
}

function playOn(S) {
  if (!S.playing) return;
  if (S.range.to >= S.playTo) return stopPlaying(S);
  S.range = { ...S.range, to: S.range.to + 1 };
  placeHandles(S);
  sendEpochs(S);
}

function stopPlaying(S) {
  clearTimeout(S.playing);
  S.playing = null;
  paintPlay(S);
}

function paintPlay(S) {
  const face = S.playing ? 'pause' : 'play_arrow';
  if (S.play.dataset.face === face) return;
  S.play.replaceChildren();
  S.play.dataset.face = face;
  S.play.ariaLabel = S.play.title = S.playing ? 'Stop' : 'Play: watch the map form, epoch by epoch';
  icon(face, S.play);
}

function placeHandles(S) {
  const { from, to } = S.range, { last } = S.data.scrubber;
  S.handles.forEach((handle, k) => {
    const value = k ? to : from;
    handle.style.left = `${100 * place(S, value)}%`;
    for (const [name, v] of [['valuemin', 1], ['valuemax', last], ['valuenow', value], ['valuetext', `epoch ${value}`]]) handle.setAttribute(`aria-${name}`, v);
  });
  S.rail.style.setProperty('--from', `${100 * place(S, from)}%`);
  S.rail.style.setProperty('--to', `${100 * place(S, to)}%`);
  S.epochWords.textContent = from === to ? `Epoch ${from} of ${last}` : `Epochs ${from}–${to} of ${last}`;
  paintPlay(S);
}

function paintScrubber(S) {
  const d = S.data.scrubber;
  S.scrubber.hidden = !d;
  if (!d) return;
  if (!S.asking && !S.askAgain || !S.range) S.range = { from: d.from, to: d.to };
  const signature = JSON.stringify([d, S.data.theme]);
  if (signature !== S.timeDrawn) {
    S.timeDrawn = signature;
    S.rail.replaceChildren(...Array.from({ length: d.last }, (_, k) => {
      const tick = document.createElement('i');
      tick.style.left = `${100 * place(S, k + 1)}%`;
      return tick;
    }));
    paintCurve(S, d);
    S.timeWords.replaceChildren();
    d.words.forEach(([text, strong]) => make(strong ? 'b' : 'span', '', S.timeWords, text));
  }
  placeHandles(S);
}

// Overlap of the top share over the epochs so far with that over all chosen epochs; the dashed line is what chance gives.
function paintCurve(S, d) {
  const X = e => (1000 * place(S, e)).toFixed(1), Y = v => (CURVE.pad + (1 - v) * (CURVE.height - 2 * CURVE.pad)).toFixed(1);
  const line = d.curve.map(([e, v], k) => `${k ? 'L' : 'M'}${X(e)},${Y(v)}`).join('');
  S.curve.innerHTML = d.curve.length ? `<svg viewBox="0 0 1000 ${CURVE.height}" preserveAspectRatio="none" role="img" aria-label="Overlap with the final selection, epoch by epoch">
    <path class="mg-chance" d="M0,${Y(d.chance)}H1000"/><path class="mg-line" d="${line}"/></svg>` : '';
  for (const [e, v] of d.curve) {
    const dot = make('i', d.settled && e >= d.settled ? 'mg-dot on' : 'mg-dot', S.curve);
    Object.assign(dot.style, { left: `${100 * place(S, e)}%`, top: `${Y(v)}px` });
    dot.title = `epochs ${d.first}–${e}: ${Math.round(100 * v)} % of the final top ${d.top} %`;
  }
}
