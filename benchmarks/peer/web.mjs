// The peer's web process.
//   POST /matters {question, owner, only_advice?} -> 201 {matter}; with only_advice nothing is asked before the advice
//   GET  /ws/:matter?owner=O                      -> WebSocket: an empty frame once it listens, then the whole text, again and again;
//                                                    closed with 1000 behind the last
import { createServer } from 'node:http';
import { Queue } from 'bullmq';
import { WebSocketServer } from 'ws';
import { CHANNEL, connectPostgres, connectRedis, FORGET, QUEUES, settings } from './settings.mjs';

const sql = connectPostgres();
const redis = connectRedis();
const queues = {
  research: new Queue(QUEUES.research, { connection: redis }),
  advice: new Queue(QUEUES.advice, { connection: redis }),
};
const sockets = new WebSocketServer({ noServer: true });

async function submit({ question, owner, only_advice: onlyAdvice }) {
  const [{ id }] = await sql`INSERT INTO matter ${sql({ question, owner })} RETURNING id`;
  await sql`INSERT INTO advice ${sql({ matter_id: id, owner })}`;
  const queue = onlyAdvice ? queues.advice : queues.research;
  await queue.add('matter', { matter: id, question }, FORGET);
  return { matter: String(id) };
}

// One LISTEN connection serves the whole process; each viewer reads all that it hears, and keeps what is its own.
async function follow(socket, matter, owner) {
  const unsent = [];
  let ended = false;
  let gone = false;
  const { unlisten } = await sql.listen(CHANNEL, (payload) => {
    const heard = JSON.parse(payload);
    if (String(heard.matter) !== matter || heard.owner !== owner) return;
    unsent.push(heard.text);
    ended = heard.complete;
  });
  const timer = setInterval(() => {
    while (unsent.length) socket.send(unsent.shift());
    if (!ended && !gone) return;
    clearInterval(timer);
    socket.close(1000);
    unlisten();
  }, settings.drainMs);
  socket.on('close', () => { gone = true; });
  socket.send('');
}

function reply(response, status, value) {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
}

async function serve(request, response) {
  if (request.method !== 'POST' || request.url !== '/matters') return reply(response, 404, {});
  const parts = [];
  for await (const part of request) parts.push(part);
  return reply(response, 201, await submit(JSON.parse(Buffer.concat(parts))));
}

const server = createServer((request, response) => {
  serve(request, response).catch((error) => reply(response, 500, { error: error.message }));
});
server.on('upgrade', (request, stream, head) => {
  const url = new URL(request.url, 'http://peer');
  const found = /^\/ws\/(\d+)$/.exec(url.pathname);
  if (!found) return stream.destroy();
  return sockets.handleUpgrade(request, stream, head, (socket) => {
    follow(socket, found[1], url.searchParams.get('owner')).catch(() => socket.terminate());
  });
});
server.listen(settings.port, '127.0.0.1', 2048, () => console.log('peer web is ready'));
