/** Every property of MQTT 5 (table 2-4): its identifier, its type, and the packets of a server that may hold it. */
const TABLE = {
  payloadFormatIndicator: [0x01, 'byte', ['publish']],
  messageExpiryInterval: [0x02, 'uint32', ['publish']],
  contentType: [0x03, 'text', ['publish']],
  responseTopic: [0x08, 'text', ['publish']],
  correlationData: [0x09, 'binary', ['publish']],
  subscriptionIdentifier: [0x0b, 'varint', ['publish']],
  sessionExpiryInterval: [0x11, 'uint32', ['connack']],
  assignedClientIdentifier: [0x12, 'text', ['connack']],
  serverKeepAlive: [0x13, 'uint16', ['connack']],
  authenticationMethod: [0x15, 'text', ['connack', 'auth']],
  authenticationData: [0x16, 'binary', ['connack', 'auth']],
  requestProblemInformation: [0x17, 'byte', []],
  willDelayInterval: [0x18, 'uint32', []],
  requestResponseInformation: [0x19, 'byte', []],
  responseInformation: [0x1a, 'text', ['connack']],
  serverReference: [0x1c, 'text', ['connack', 'disconnect']],
  reasonString: [0x1f, 'text', ['connack', 'puback', 'pubrec', 'pubrel', 'pubcomp', 'suback', 'unsuback', 'disconnect', 'auth']],
  receiveMaximum: [0x21, 'uint16', ['connack']],
  topicAliasMaximum: [0x22, 'uint16', ['connack']],
  topicAlias: [0x23, 'uint16', ['publish']],
  maximumQos: [0x24, 'byte', ['connack']],
  retainAvailable: [0x25, 'byte', ['connack']],
  userProperty: [0x26, 'pair', ['connack', 'publish', 'puback', 'pubrec', 'pubrel', 'pubcomp', 'suback', 'unsuback', 'disconnect', 'auth']],
  maximumPacketSize: [0x27, 'uint32', ['connack']],
  wildcardSubscriptionAvailable: [0x28, 'byte', ['connack']],
  subscriptionIdentifierAvailable: [0x29, 'byte', ['connack']],
  sharedSubscriptionAvailable: [0x2a, 'byte', ['connack']],
} as const satisfies Record<string, readonly [number, PropertyType, readonly string[]]>;

export type PropertyType = 'byte' | 'uint16' | 'uint32' | 'varint' | 'text' | 'binary' | 'pair';
export type PropertyName = keyof typeof TABLE;
export const PROPERTY_NAMES = Object.keys(TABLE) as PropertyName[];

/** A property as a test writes it. Numbers, text as string or raw bytes, a pair of strings. The same name may come twice. */
export type Property = readonly [name: PropertyName, value: number | string | Uint8Array | readonly [string, string]];

export interface PropertyDefinition {
  readonly name: PropertyName;
  readonly id: number;
  readonly type: PropertyType;
  /** Packets in which a server may send it. */
  readonly fromServer: readonly string[];
}

export function propertyNamed(name: PropertyName): PropertyDefinition {
  const [id, type, fromServer] = TABLE[name];
  return { name, id, type, fromServer };
}

export function propertyWithId(id: number): PropertyDefinition | undefined {
  const name = PROPERTY_NAMES.find((one) => TABLE[one][0] === id);
  return name === undefined ? undefined : propertyNamed(name);
}
