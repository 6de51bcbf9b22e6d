// Where sounds are dropped or chosen, and how far each is sent.

import { upload } from './api.js';
import { announce, bar, errorPlace, h, show, uid } from './dom.js';
import { bytes } from './format.js';
import { refresh } from './live.js';

/**
 * A place for files, which go to `folder`. `done` is called with what the server says of each.
 */
export function dropzone({ folder, label, hint, done, testid }) {
  const id = uid('file');
  const sending = h('ul', { class: 'sending' });
  const input = h('input', {
    type: 'file', id, multiple: true, class: 'away', 'data-testid': testid,
    // Not every system knows all of these as sounds by their kind.
    accept: 'audio/*,.wav,.flac,.aif,.aiff,.aifc,.caf,.w64,.rf64,.bwf,.au,.snd,.ogg,.oga,.mp3,.m4a,.aac',
    onchange: () => {
      send([...input.files]);
      input.value = '';
    },
  });
  const zone = h('div', { class: 'dropzone' },
    input, h('label', { for: id, class: 'button' }, label), h('p', { class: 'hint' }, hint));
  const element = h('div', {}, zone, sending);

  let over = 0;
  const mark = (change) => {
    over = Math.max(0, over + change);
    zone.classList.toggle('over', over > 0);
  };
  zone.addEventListener('dragenter', (event) => {
    event.preventDefault();
    mark(1);
  });
  zone.addEventListener('dragleave', () => mark(-1));
  zone.addEventListener('dragover', (event) => event.preventDefault());
  zone.addEventListener('drop', (event) => {
    event.preventDefault();
    mark(-over);
    send([...event.dataTransfer.files]);
  });

  async function send(files) {
    // One after the other: each shows how far it is, and a slow network is not shared by all.
    for (const [file, row] of files.map((file) => [file, sendingRow(file.name, file.size)])) {
      try {
        await element.send(file.name, file, row);
      } catch { /* Its row says it. */ }
    }
  }

  function sendingRow(name, size) {
    const progress = bar(`Sending ${name}`);
    const errors = errorPlace();
    const close = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => row.remove() }, 'Close');
    const row = h('li', {}, h('bdi', {}, name), h('span', { class: 'note' }, bytes(size)), progress, errors, close);
    progress.at(0);
    row.failed = (error) => {
      errors.tell(error);
      show(progress, false);
      show(close, true);
    };
    row.at = progress.at;
    sending.append(row);
    return row;
  }

  /** Sends one sound; a recording of the page's own comes this way as well. */
  element.send = async (name, blob, row = sendingRow(name, blob.size)) => {
    try {
      const facts = await upload(folder, name, blob, (share) => row.at(share < 1 ? share : null));
      row.remove();
      announce(`${facts.name} is here.`);
      done?.(facts);
      refresh('files');
      return facts;
    } catch (error) {
      row.failed(error);
      throw error;
    }
  };
  return element;
}
