// A server of a live page whose content and faults a test chooses, with the real script, style and Content-Security-Policy.

import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { contentSecurityPolicy, renderPage } from '../../../src/outputs/html/page.ts';
import { pageContext } from '../../support/report-pages.ts';

/** What the server answers with. */
export interface ServedPage {
  readonly title: string;
  readonly version: string;
  /** The content of `<main>`. */
  readonly main: string;
}

/** A server of one live page. */
export class LiveServer {
  page: ServedPage;
  /** Another page as a whole, in HTML, in place of `page`. */
  html: string | undefined;
  /** Answers a call for the page; by default with the page. */
  answer = (response: ServerResponse): void => {
    this.sendPage(response);
  };
  /** How many times the page was asked for. */
  calls = 0;
  /** Accepts connections for events, and sends nothing. */
  isSilent = false;
  readonly #streams = new Set<ServerResponse>();
  #server: Server | undefined;
  #port = 0;

  constructor(page: ServedPage) {
    this.page = page;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /** Starts to listen, each time on the same port. */
  async start(): Promise<void> {
    this.#server = createServer(({ url }, response) => {
      if (url === '/events') this.#open(response);
      else if (url === '/') {
        this.calls += 1;
        this.answer(response);
      } else response.writeHead(404).end();
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Ends all connections. */
  async stop(): Promise<void> {
    if (!this.#server?.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  /** Shows another page, and announces it. */
  change(page: ServedPage): void {
    this.page = page;
    for (const stream of this.#streams) stream.write(`event: changed\ndata: ${page.version}\n\n`);
  }

  /** Sends a sign of life. */
  beat(): void {
    for (const stream of this.#streams) stream.write('event: alive\ndata\n\n');
  }

  /** Answers with the page. */
  sendPage(response: ServerResponse): void {
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy("'self'"),
    });
    response.end(this.html ?? htmlOf(this.page));
  }

  #open(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('retry: 50\n\n');
    if (!this.isSilent) response.write(`event: changed\ndata: ${this.page.version}\n\n`);
    this.#streams.add(response);
    response.once('close', () => this.#streams.delete(response));
  }
}

function htmlOf({ title, version, main }: ServedPage): string {
  const live = { now: '2026-11-28T09:41:00Z', version };
  const html = [...renderPage([], { head: undefined, context: pageContext, live })].join('');
  const content = `<main>\n<header id="head"><h1>kubelet-guard</h1></header>\n${main}\n</main>`;
  return html.replace(/<title>[^<]*</, () => `<title>${title}<`).replace(/<main>[\s\S]*<\/main>/, () => content);
}
