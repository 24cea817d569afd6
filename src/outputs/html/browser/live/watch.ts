// Hears from the server that there is a new state, and loads it: one load at a time, and in the end the newest state.

import { freshnessOf, SILENCE, type Freshness, type ServerContact } from './freshness.ts';

/** Ages and what depends on them are text of the server, so a page that is looked at is loaded again now and then. */
const OLDEST = 60_000;
const RETRY = 2000;
const LONGEST_RETRY = 30_000;
const LOAD_LIMIT = 30_000;

/** What happens with what is heard. */
export interface Watcher {
  /** Gets the whole page, in HTML, and whether its state is new or only its ages. */
  readonly onPage: (html: string, isNew: boolean) => void;
  /** Gets what the page should say about itself, each time that it may have changed. */
  readonly onFreshness: (freshness: Freshness) => void;
}

/** The connection to the server. */
export class ServerWatch {
  readonly #watcher: Watcher;
  #contact: ServerContact = { openedAt: Date.now() };
  #source: EventSource | undefined;
  /** The newest version that was heard of, and the one that the page shows. */
  #wanted: string | undefined;
  #loaded: string | undefined;
  #loadedAt = Date.now();
  #isLoading = false;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** @param version that of the page as it was opened, if it is known */
  constructor(watcher: Watcher, version: string | undefined) {
    this.#watcher = watcher;
    this.#loaded = version;
  }

  /** Connects, and goes on until the page is closed. */
  start(): void {
    this.#connect();
    setInterval(() => {
      this.#check();
    }, 1000);
    // a hidden page has slow timers, and may have been asleep
    document.addEventListener('visibilitychange', () => {
      this.#check();
    });
  }

  #connect(): void {
    this.#source?.close();
    const source = new EventSource('/events');
    this.#source = source;
    source.addEventListener('alive', () => {
      this.#hear();
    });
    source.addEventListener('changed', ({ data }: MessageEvent<string>) => {
      this.#hear();
      this.#wanted = data;
      if (data !== this.#loaded) void this.#load();
    });
    source.addEventListener('error', () => {
      this.#lose(source);
    });
  }

  #hear(): void {
    this.#update({ heardAt: Date.now(), lostAt: undefined });
  }

  #lose(source: EventSource): void {
    this.#update({ lostAt: this.#contact.lostAt ?? Date.now() });
    // the browser connects again by itself, but not after an answer that is no stream
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => {
      if (source === this.#source) this.#connect();
    }, RETRY);
  }

  /** Connects again if the connection is silent, and loads again what has become old. */
  #check(): void {
    const { heardAt, openedAt, lostAt } = this.#contact;
    const now = Date.now();
    const last = heardAt ?? openedAt;
    const isSilent = lostAt === undefined && now - last > SILENCE;
    this.#update(isSilent ? { lostAt: last } : {});
    if (isSilent) this.#connect();
    const isOld = now - this.#loadedAt > OLDEST && this.#retry === undefined;
    if (isOld && heardAt !== undefined && this.#contact.lostAt === undefined && !document.hidden) void this.#load();
  }

  async #load(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    clearTimeout(this.#retry);
    this.#retry = undefined;
    try {
      // the state may change while it is loaded
      do {
        const version = this.#wanted;
        this.#watcher.onPage(await loadPage(), version !== this.#loaded);
        this.#loaded = version;
        this.#loadedAt = Date.now();
      } while (this.#loaded !== this.#wanted);
      this.#failures = 0;
      this.#update({ notLoaded: undefined });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#update({ notLoaded: { since: this.#contact.notLoaded?.since ?? Date.now(), reason } });
      this.#retry = setTimeout(() => void this.#load(), Math.min(RETRY * 2 ** this.#failures, LONGEST_RETRY));
      this.#failures += 1;
    } finally {
      this.#isLoading = false;
    }
  }

  #update(parts: Partial<ServerContact>): void {
    this.#contact = { ...this.#contact, ...parts };
    this.#watcher.onFreshness(freshnessOf(this.#contact, Date.now()));
  }
}

async function loadPage(): Promise<string> {
  const answer = await fetch('/', { cache: 'no-store', signal: AbortSignal.timeout(LOAD_LIMIT) });
  if (!answer.ok) throw new Error(`HTTP ${String(answer.status)}`);
  const html = await answer.text();
  if (!html.trimEnd().endsWith('</html>')) throw new Error('the answer ends too early');
  return html;
}
