// Fills the system database of a stopped hub with devices, points and statuses; prints {seconds, bytes} as JSON. See README.md.
import { statSync } from 'node:fs';
import { systemFile } from '../../src/lib/storage/system/database.ts';
import { openDatabase } from '../../src/lib/storage/system/driver.ts';

const [folder = '', devicesText = ''] = process.argv.slice(2);
const DEVICES = Number(devicesText);
/** One in so many is a gateway, the parent of those after it. */
const FAMILY = 50;
const CITIES = [
  'paris',
  'lyon',
  'berlin',
  'hamburg',
  'madrid',
  'sevilla',
  'roma',
  'milano',
  'wien',
  'graz',
  'zurich',
  'geneva',
  'oslo',
  'bergen',
  'malmo',
  'gdansk',
];
const WORDS = ['boiler', 'chiller', 'heat pump', 'water meter', 'power meter', 'gas meter', 'valve', 'fan', 'lift', 'inverter', 'charger', 'tank'];
const TYPES = ['meter', 'heat-meter', 'valve', 'inverter', 'charger', 'tank'];
const began = performance.now();

const file = systemFile(folder);
const database = openDatabase(file, { readOnly: false });
const now = Date.now();
database.exec('pragma journal_mode = wal; pragma synchronous = off; pragma cache_size = -400000; begin immediate');
const insertType = database.prepare(
  "insert into types (project, id, mode, points, created_at, updated_at) values ('default', ?, 'open', '[]', ?, ?) on conflict do nothing",
);
for (const type of ['gateway', ...TYPES]) insertType.run(type, now, now);
const insertDevice = database.prepare(
  "insert into devices (id, project, name, kind, type, parent, state, labels, aliases, groups, created_at, updated_at) values (?, 'default', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
);
const insertPoint = database.prepare("insert into points (device, path, kind, value_type, unit, created_at) values (?, ?, 'measure', 'number', ?, ?)");
const insertStatus = database.prepare("insert into device_statuses (device, online, last_seen_at, last_address, protocol) values (?, 0, ?, ?, 'mqtt')");
let gateway = '';
for (let at = 0; at < DEVICES; at++) {
  const isGateway = at % FAMILY === 0;
  const number = String(at).padStart(7, '0');
  const id = isGateway ? `gw-${number}` : `meter-${number}`;
  if (isGateway) gateway = id;
  const random = Math.imul(at + 1, 0x9e3779b1) >>> 0;
  const city = CITIES[Math.floor(at / 20_000) % CITIES.length] ?? 'paris';
  const site = `site-${Math.floor(at / 1_000)}`;
  const word = WORDS[random % WORDS.length] ?? '';
  insertDevice.run(
    id,
    isGateway ? `Gateway ${at}, ${city}` : `${word} ${random % 100_000} ${city}`,
    isGateway ? 'gateway' : 'device',
    isGateway ? 'gateway' : (TYPES[random % TYPES.length] ?? 'meter'),
    isGateway ? null : gateway,
    random % 97 === 0 ? 'maintenance' : 'active',
    JSON.stringify({ city, site, floor: String(random % 12), customer: `customer-${random % 5_000}` }),
    JSON.stringify({ serial: `SN-${number}-${(random % 1_000).toString(36)}`, imei: String(350_000_000_000_000 + at * 7) }),
    JSON.stringify([`${city}/${site}`]),
    now - (random % 31_536_000_000),
    now,
  );
  insertPoint.run(id, 'battery', '%', now);
  if (at % 2 === 0) insertPoint.run(id, 'energy/total', 'kWh', now);
  insertStatus.run(id, now - (random % 86_400_000), `10.${at >>> 16}.${(at >>> 8) & 255}.${at & 255}`);
}
database.exec('commit; pragma wal_checkpoint(truncate)');
database.close();
process.stdout.write(JSON.stringify({ seconds: (performance.now() - began) / 1000, bytes: statSync(file).size }));
