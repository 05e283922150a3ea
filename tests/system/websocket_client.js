// A WebSocket client that is not ours: Node's package ws. Runs one scenario
// against a port, prints what it saw as JSON, and ends.
//
//   nodejs websocket_client.js SCENARIO PORT

'use strict';

const WebSocket = require('/usr/share/nodejs/ws');

const [scenario, port] = process.argv.slice(2);
const seen = [];
const url = (path) => `ws://127.0.0.1:${port}${path}`;
const finish = () => { console.log(JSON.stringify(seen)); process.exit(0); };

function open(path, ...more) {
  const socket = new WebSocket(url(path), ...more);
  socket.on('close', (code, reason) => {
    seen.push(['close', code, String(reason)]);
    finish();
  });
  socket.on('error', (error) => seen.push(['error', error.message]));
  return socket;
}

const scenarios = {
  // Text, binary, lengths of all forms; the server's answers are compared here.
  echo() {
    const sizes = [0, 1, 125, 126, 65535, 65536, 300000];
    const socket = open('/echo', ['other', 'chat']);
    let at = 0;
    const next = () => {
      if (at === 2 * sizes.length) return socket.close(1000, 'enough');
      const size = sizes[at >> 1];
      socket.send(at & 1 ? Buffer.alloc(size, at) : 'ä'.repeat(size / 2));
    };
    socket.on('open', () => { seen.push(['open', socket.protocol]); next(); });
    socket.on('message', (data, isBinary) => {
      const size = sizes[at >> 1];
      const same = at & 1
        ? isBinary && data.equals(Buffer.alloc(size, at))
        : !isBinary && String(data) === 'ä'.repeat(size / 2);
      if (!same) seen.push(['wrong', size, isBinary]);
      at += 1;
      next();
    });
  },
  // Fragments to the server, with a ping between them, and fragments back.
  fragments() {
    const socket = open('/fragments');
    socket.on('open', () => {
      socket.send('one ', {fin: false});
      socket.ping('there?');
      socket.send('message of more than ten', {fin: false});
      socket.send(' bytes', {fin: true});
    });
    socket.on('pong', (data) => seen.push(['pong', String(data)]));
    socket.on('message', (data) => {
      seen.push(['message', String(data)]);
      socket.close(4000, 'done');
    });
  },
  // A hundred thousand pings; the last is answered.
  pings() {
    const socket = open('/echo');
    let last = '';
    socket.on('open', () => {
      for (let i = 0; i < 100000; i += 1) socket.ping(String(i));
    });
    socket.on('pong', (data) => {
      last = String(data);
      if (last === '99999') { seen.push(['pong', last]); socket.close(); }
    });
  },
  // The server says goodbye.
  goodbye() { open('/close/4321'); },
  restart() { open('/close/1012'); },
  // A page of somebody else.
  stranger() { open('/echo', {origin: 'http://evil.example'}); },
  // permessage-deflate is offered, and declined.
  deflate() {
    const socket = open('/echo', {perMessageDeflate: true});
    socket.on('open', () => {
      seen.push(['extensions', socket.extensions]);
      socket.send('plain');
    });
    socket.on('message', (data) => {
      seen.push(['message', String(data)]);
      socket.terminate();
    });
  },
};

scenarios[scenario]();
