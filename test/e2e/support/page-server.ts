// A web server for one page, which sends it with the given headers as a CI server or a file share would.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Serves a page on loopback, as it is at the time of each call. */
export async function servePage(
  html: () => string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const isPage = request.url === '/';
    response.writeHead(isPage ? 200 : 404, { 'content-type': 'text/html; charset=utf-8', ...headers });
    response.end(isPage ? html() : '');
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
