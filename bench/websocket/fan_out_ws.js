// The peer: Node's package ws sends one message to all its clients, and the next
// when the sockets have taken it, as fan_out_sluice does. ws, too, makes the
// header once for each client and shares the payload.
//
//   nodejs fan_out_ws.js --port N --clients 1000 --bytes 1024

'use strict';

const {WebSocketServer} = require('/usr/share/nodejs/ws');

const option = (name, fallback) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const clients = option('--clients', 1000);
const bytes = option('--bytes', 1024);

const server = new WebSocketServer({
  host: '127.0.0.1', port: option('--port', 0), perMessageDeflate: false,
  backlog: 4096,
});
server.on('listening', () => {
  console.log(`listening ${server.address().port}`);
});

let number = 0;
let open = 0;

function broadcast() {
  number += 1;
  const payload = Buffer.alloc(bytes, 'x');
  payload.write(String(number).padStart(16, '0'));
  let left = server.clients.size;
  const taken = () => {
    left -= 1;
    if (left === 0) setImmediate(broadcast);
  };
  for (const client of server.clients) client.send(payload, {binary: true}, taken);
}

server.on('connection', (client) => {
  client._socket.setNoDelay(true);
  client.on('error', () => {});
  open += 1;
  if (open === clients) broadcast();
});
process.on('SIGTERM', () => process.exit(0));
