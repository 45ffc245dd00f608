// A log that grows. Lines are added at the end and never drawn again, so that marked text stays marked. Whoever stands at the end is kept
// there, whoever has scrolled up stays where they are.
//
// data (Python -> here): run (an id), text (the last lines of its log).

const logs = new WeakMap();
const NEAR_PX = 12;                                                        // so close to the end is at the end

// How much of the end of `before` is the start of `now`: the new window overlaps with what has been seen.
function overlap(before, now) {
  for (let n = Math.min(before.length, now.length); n > 0; n--) if (before.endsWith(now.slice(0, n))) return n;
  return 0;
}

function create(root) {
  const S = { root, text: '', run: null, following: true };
  S.pre = document.createElement('pre');
  S.pre.tabIndex = 0;
  S.pre.setAttribute('aria-label', 'Log');
  S.end = document.createElement('button');
  S.end.textContent = 'Follow';
  S.end.title = 'Go to the end, and stay there';
  S.end.onclick = () => { S.pre.scrollTop = S.pre.scrollHeight; };
  S.pre.onscroll = () => {
    S.following = S.pre.scrollHeight - S.pre.scrollTop - S.pre.clientHeight < NEAR_PX;
    S.end.hidden = S.following;
  };
  S.end.hidden = true;
  root.append(S.pre, S.end);
  return S;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector('.rl');
  let S = logs.get(root);
  if (!S) logs.set(root, S = create(root));
  const known = S.run === data.run ? overlap(S.text, data.text) : 0;
  if (S.run !== data.run || (!known && data.text)) {
    S.pre.replaceChildren();
    Object.assign(S, { text: '', following: S.following || S.run !== data.run, run: data.run });
  }
  const more = data.text.slice(known);
  if (more) {
    S.pre.append(more);
    S.text += more;
  }
  if (S.following) S.pre.scrollTop = S.pre.scrollHeight;
  S.end.hidden = S.following;
}
