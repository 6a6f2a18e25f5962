import { Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';

export interface Question {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly deadlineMs: number;
  /** The certificate to trust, of a hub that made its own. */
  readonly ca?: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const plain = new HttpAgent({ keepAlive: true });
const secured = new HttpsAgent({ keepAlive: true });

/** One HTTP exchange. fetch of Node 20 cannot be told which certificate to trust. Rejects when there is no whole answer in time. */
export function ask(url: string, { method, headers, body, deadlineMs, ca }: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const isSecured = url.startsWith('https:');
    const options = { method, headers: { ...headers, ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }) } };
    const request = isSecured
      ? requestHttps(url, { ...options, agent: secured, ...(ca !== undefined && { ca }) })
      : requestHttp(url, { ...options, agent: plain });
    const timer = setTimeout(() => request.destroy(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
    };
    request.once('error', fail);
    request.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.once('error', fail);
      response.once('close', () => {
        clearTimeout(timer);
        if (response.complete) resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text });
        else reject(new Error('the answer was cut short'));
      });
    });
    request.end(body);
  });
}
