// Elements without markup in strings: whatever comes from outside becomes text, never HTML.

let count = 0;

/** A new id, for labels and descriptions. */
export const uid = (what = 'id') => `${what}-${++count}`;

/**
 * An element. Attributes that are functions become listeners (`onclick`), `true` an empty
 * attribute, and null, undefined and false none.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (name === 'value' || name === 'checked' || name === 'hidden' || name === 'disabled') element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

/** Sets text only if it is another one, so that nothing is announced or selected anew. */
export function say(element, text) {
  const wanted = text ?? '';
  if (element.textContent !== wanted) element.textContent = wanted;
  return element;
}

/** Shows or hides. */
export function show(element, is) {
  if (element.hidden === Boolean(is)) element.hidden = !is;
  return element;
}

/**
 * Makes the children of `container` those of `items`, in their order. An element stays the same
 * as long as its key is there, so that a player goes on and focus stays where it is.
 * `create(item)` returns an element; its `update(item)`, if it has one, is called each time. One
 * whose `busy()` holds stays for as long as it does, though its item has gone.
 */
export function patch(container, items, key, create) {
  const kept = (container.kept ??= new Map());
  const wanted = new Set(items.map(key));
  for (const [name, element] of kept) {
    element.stale = !wanted.has(name);
    if (!element.stale || element.busy?.()) continue;
    element.leave?.();
    element.remove();
    kept.delete(name);
  }
  const living = (element) => {
    while (element?.stale) element = element.nextElementSibling;
    return element;
  };
  let place = living(container.firstElementChild);
  for (const item of items) {
    const name = key(item);
    let element = kept.get(name);
    if (!element) {
      element = create(item);
      kept.set(name, element);
    }
    element.update?.(item);
    if (element === place) place = living(place.nextElementSibling);
    // Moved like this it goes on playing and keeps the focus, in browsers that can.
    else if (element.isConnected && container.moveBefore) container.moveBefore(element, place);
    else container.insertBefore(element, place);
  }
}

/** Fills a list of terms and what is said of each: `[[term, text], …]`. */
export function describe(list, pairs) {
  patch(list, pairs, ([term]) => term, ([term]) => {
    const text = h('dd', {});
    return Object.assign(h('div', {}, h('dt', {}, term), text), { update: ([, said]) => say(text, said) });
  });
}

/** Options of a select, which keeps what is chosen. Groups are `[label, [[value, text], …]]`. */
export function options(select, groups, empty) {
  const signature = JSON.stringify([groups, empty]);
  if (select.signature === signature) return;
  select.signature = signature;
  const chosen = select.value;
  const option = ([value, text]) => h('option', { value }, text);
  select.replaceChildren(
    ...(empty ? [h('option', { value: '' }, empty)] : []),
    ...groups.flatMap(([label, all]) => (label ? [h('optgroup', { label }, all.map(option))] : all.map(option))),
  );
  if ([...select.options].some((one) => one.value === chosen)) select.value = chosen;
}

/** A control under its label, with what is to be said of it. */
export function labelled(label, control, hint) {
  control.id ||= uid('field');
  const about = hint && h('p', { class: 'hint', id: uid('hint') }, hint);
  if (about) control.setAttribute('aria-describedby', about.id);
  return h('div', { class: 'labelled' }, h('label', { for: control.id }, label), control, about);
}

/** A place for an error, which is read out when there is one. */
export function errorPlace() {
  const place = h('p', { class: 'error', role: 'alert', hidden: true });
  place.tell = (error) => {
    say(place, error ? (error.message ?? String(error)) : '');
    show(place, Boolean(error));
  };
  return place;
}

/**
 * A button that says that it waits, cannot be pressed meanwhile, and shows in `errors` what went
 * wrong. `action` may be asynchronous.
 */
export function button(text, action, { busy = 'Please wait…', errors, ...attributes } = {}) {
  const element = h('button', { type: 'button', ...attributes }, text);
  let label = text;
  element.label = (wanted) => {
    label = wanted;
    if (!element.waiting) say(element, wanted);
  };
  // `aria-disabled` and not `disabled`: a button that is disabled loses the focus.
  element.can = (is) => {
    element.cannot = !is;
    element.toggleAttribute('disabled', !is && document.activeElement !== element);
    element.setAttribute('aria-disabled', String(!is));
  };
  element.addEventListener('click', async () => {
    if (element.waiting || element.cannot) return;
    errors?.tell(null);
    const later = setTimeout(() => say(element, busy), 150);
    element.waiting = true;
    element.setAttribute('aria-disabled', 'true');
    try {
      await action(element);
    } catch (error) {
      if (!errors) throw error;
      errors.tell(error);
    } finally {
      clearTimeout(later);
      element.waiting = false;
      element.setAttribute('aria-disabled', String(Boolean(element.cannot)));
      say(element, label);
    }
  });
  return element;
}

/** A button for what cannot be undone: it asks once more in its own words. */
export function confirmed(text, question, action, attributes = {}) {
  let asked = 0;
  const element = button(text, async () => {
    if (Date.now() - asked > 5000) {
      asked = Date.now();
      element.label(question);
      element.classList.add('asks');
      setTimeout(settle, 5000);
      return;
    }
    settle();
    await action();
  }, attributes);
  element.classList.add('quiet');
  const settle = () => {
    asked = 0;
    element.label(text);
    element.classList.remove('asks');
  };
  return element;
}

let announcing = 0;
/** Has a sentence read out by screen readers; one each second and a half at most. */
export function announce(sentence) {
  const wait = Math.max(0, announcing - Date.now());
  announcing = Date.now() + wait + 1500;
  setTimeout(() => say(document.getElementById('announcements'), sentence), wait);
}

/** Calls `f` once nothing has asked for it for `ms`. */
export function calm(f, ms) {
  let timer;
  return (...all) => {
    clearTimeout(timer);
    timer = setTimeout(() => f(...all), ms);
  };
}

/**
 * For lists that may be long: `show(items)` gets the first `size` of them, and as many more each
 * time that the button `more` is pressed.
 */
export function pages(size, shown) {
  let [count, all] = [size, []];
  const more = button('', () => {
    count += size;
    update(all);
  }, { class: 'quiet' });
  const update = (items) => {
    all = items;
    show(more, items.length > count);
    more.label(`Show ${Math.min(size, items.length - count)} more of ${items.length}`);
    shown(items.slice(0, count));
  };
  return { more, update };
}

/** A progress bar with a name. */
export function bar(label) {
  const element = h('progress', { max: '1', 'aria-label': label });
  element.at = (share) => {
    if (share == null) element.removeAttribute('value');
    else element.value = share;
  };
  return element;
}

/** What the browser keeps of what was chosen. It may be forbidden to. */
export const memory = {
  get(key, otherwise) {
    try {
      return JSON.parse(localStorage.getItem(`antiphon.${key}`)) ?? otherwise;
    } catch {
      return otherwise;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(`antiphon.${key}`, JSON.stringify(value));
    } catch { /* Then it is chosen anew next time. */ }
  },
};

/** Copies, or says that it cannot be copied and selects what is to be copied by hand. */
export async function copy(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    announce('Copied.');
    return true;
  } catch {
    getSelection().selectAllChildren(shown);
    announce('The browser does not let a page copy here; it is selected, copy it by hand.');
    return false;
  }
}

/** Has the browser save what the page made. */
export function saveFile(name, text, type = 'application/json') {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = h('a', { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}
