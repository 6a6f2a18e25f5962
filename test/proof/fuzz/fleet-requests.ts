import type { Chance } from './chance.ts';

const DEEP = `${'['.repeat(4_000)}${']'.repeat(4_000)}`;
const LONG = 'x'.repeat(5_000);
const KEY = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=';

/** Requests to the routes of the fleet as somebody might send them, and as nobody should. `DEVICE` stands for one of the room. */
const REQUESTS: readonly (readonly [method: string, path: string, bodies: readonly string[]])[] = [
  [
    'POST',
    'claim',
    ['{"id":"c1","proof":"0123456789abcdef"}', '{"aliases":{"imei":"490154203237518"}}', `{"id":"c2","attributes":{"a":${DEEP}}}`, '{"id":"__proto__"}'],
  ],
  [
    'POST',
    'devices/batch',
    [
      '{"mode":"upsert","devices":[{"id":"b1","labels":{"constructor":"x","__proto__":"y"}},{"id":"b1"},{"id":"b2","parent":"b3"},{"id":"b3","kind":"gateway","parent":"b2"}]}',
      '{"mode":"create","again":true,"devices":[null,1,[],{"id":""},{"id":"b4","credential":{"kind":"token"}}]}',
      `{"mode":"update","check":true,"devices":[{"id":"imei:1","aliases":{"imei":"1","iccid":null}},{"id":"${LONG}"}]}`,
    ],
  ],
  ['POST', 'devices/batch/delete', ['{"devices":["b1","b1","imei:1","b3"]}', '{"devices":["../..","b2"],"check":true}']],
  [
    'POST',
    'devices/batch/select',
    ['{"selector":"site=paris,!a,b!=c|d"}', `{"selector":"${'*a'.repeat(1_900)}=x"}`, '{"selector":"label.=x"}', '{"selector":"","cursor":"AAAA"}'],
  ],
  ['GET', 'devices?where=battery%20%3C%2020%20and%20online&sort=-name', ['']],
  ['GET', `devices?where=${'('.repeat(1_000)}1${')'.repeat(1_000)}`, ['']],
  ['GET', 'devices?q=%00%ff%F0%9F%98%80&limit=1&cursor=W10', ['']],
  [
    'POST',
    'groups',
    ['{"path":"a/b/c","selector":"site=x","attributes":{"__proto__":1}}', `{"path":"${'a/'.repeat(400)}a"}`, '{"path":"../x"}', '{"path":"a//b"}'],
  ],
  ['POST', 'group-moves', ['{"from":"a","to":"a/b"}', '{"from":"a/b","to":"z"}']],
  ['POST', 'group-members', ['{"group":"a","action":"add","selector":"id=b*"}', '{"group":"a","action":"remove","devices":["b1","nobody"]}']],
  ['GET', 'groups/a%2Fb/..%2f', ['']],
  ['GET', 'group-rollups?point=*&aggregate=mean', ['']],
  ['POST', 'devices/DEVICE/set', ['{"values":{"a":1}}', `{"values":{"a":${DEEP}}}`, '{"values":{"__proto__":1}}', '{"values":[]}']],
  ['POST', 'devices/DEVICE/call', ['{"name":"reboot","args":{"a":[1,null]}}', `{"name":"x","args":${DEEP}}`, '{"name":"a//b"}', '{"name":"x","expiryMs":1}']],
  ['GET', 'devices/DEVICE/commands?wait=200', ['']],
  ['GET', 'devices/DEVICE/commands?after=x&wait=-1', ['']],
  ['POST', 'devices/DEVICE/commands/nothing/result', ['{"state":"applied","result":{"a":1}}', '{"state":"x"}']],
  ['PUT', 'devices/DEVICE/config', ['{"document":{"a":1}}', '{"document":{"a":2},"ifVersion":1}', `{"document":{"a":${DEEP}}}`, `{"document":{"${LONG}":1}}`]],
  ['PUT', 'devices/DEVICE/config/reported', ['{"version":1}', '{"config":{"a":{"b":null}}}', `{"config":{"a":${DEEP}}}`]],
  ['POST', 'devices/DEVICE/config/rollback', ['{}', '{"to":1}']],
  ['GET', 'devices/DEVICE/time?t0=-1&offset=9e15', ['']],
  [
    'POST',
    'jobs',
    ['{"selector":"id=b*","call":{"name":"x"},"stages":[1,10,100],"failuresMaxPercent":5}', '{"selector":"id=b*","set":{"values":{"a":1}},"stages":[100,1]}'],
  ],
  ['POST', 'jobs/nothing/start', ['']],
  [
    'POST',
    'types',
    ['{"id":"t1","mode":"open","configSchema":{"properties":{"x":{"type":"string","pattern":"a*a*b"}}}}', '{"id":"t2","configSchema":{"$ref":"#"}}'],
  ],
  ['POST', 'provisioning-rules/test', ['{"request":{"id":"z"},"protocol":"http"}', `{"request":{"id":"z","attributes":{"a":${DEEP}}},"protocol":"mqtt"}`]],
  ['POST', 'provisioning-rules', ['{"id":"r1","decision":"hold","when":"attributes.a.b.c == labels[\\"x\\"]"}']],
  [
    'POST',
    'certificates',
    ['{"device":"DEVICE","csr":"-----BEGIN CERTIFICATE REQUEST-----\\nMIIB\\n-----END CERTIFICATE REQUEST-----"}', `{"device":"DEVICE","publicKey":"${KEY}"}`],
  ],
  ['POST', 'cas', ['{"kind":"external","id":"x","certificate":"-----BEGIN CERTIFICATE-----\\nMIIB\\n-----END CERTIFICATE-----","trusted":true}']],
  ['POST', 'devices/DEVICE/certificate/renew', ['{"csr":"MIIB"}', `{"csr":"${LONG}"}`]],
  ['POST', 'devices/DEVICE/renew', ['']],
  ['POST', 'manifest-sets/s/objects', ['{"add":[{"kind":"device","name":"b1"}]}']],
];

export interface FleetRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

export function aFleetRequest(chance: Chance, device: string): FleetRequest {
  const [method, path, bodies] = chance.pick(REQUESTS);
  return { method, path: path.replace('DEVICE', device), body: chance.pick(bodies).replaceAll('DEVICE', device) };
}

/** What devices say besides their samples. */
export const FLEET_PAYLOADS: readonly string[] = [
  '{"id":"x","state":"applied"}',
  '[{"id":"x","state":"rejected","reason":"no"},{"id":1}]',
  `{"id":"x","state":"applied","result":${DEEP}}`,
  '{"version":1}',
  `{"version":1,"config":{"a":${DEEP}}}`,
  '{"config":{"__proto__":{"a":1},"constructor":2}}',
  '{"id":"1","t0":1763785200000,"offset":-5}',
  '{"id":"1","csr":"MIIB","replaces":"x"}',
  '{"id":"c3","proof":"0123456789abcdef","request":"1"}',
  `{"id":"c4","attributes":{"a":${DEEP}}}`,
  '{"firmware":"1.2","health":["cpu/load"],"model":"m"}',
  '{"reason":"power lost"}',
];
