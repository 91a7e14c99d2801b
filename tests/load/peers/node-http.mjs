// Node's own http module, with nothing around it: JSON in, JSON of so many bytes out.
import { createServer } from 'node:http';

const [port, answerBytes] = process.argv.slice(2).map(Number);
const text = '.'.repeat(Math.max(0, answerBytes - '{"text":""}'.length));

const answer = (response, status, body) => {
  const json = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) });
  response.end(json);
};

createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const asked = Buffer.concat(chunks).toString();
    const good = asked === '' || typeof JSON.parse(asked) === 'object';
    answer(response, good ? 200 : 422, { text });
  });
}).listen(port, '127.0.0.1');
