/**
 * MQTT control packets as values. What a client sends comes out of decoder.ts in these shapes, valid in every respect
 * that a single packet (and the order of packets of one connection) decides; what the hub sends goes into encode.ts.
 */

/** Protocol Level of CONNECT: 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0. */
export type ProtocolVersion = 3 | 4 | 5;
export type Qos = 0 | 1 | 2;

/** Name and value; names may repeat, and their order counts. */
export type UserProperty = readonly [name: string, value: string];

/** All properties of MQTT 5 that the hub reads or writes (section 2.2.2.2). What a client left out is undefined: the default is the reader's. */
export interface Properties {
  /** Seconds; 0xffffffff never. */
  readonly sessionExpiryInterval?: number;
  readonly receiveMaximum?: number;
  readonly maximumPacketSize?: number;
  readonly topicAliasMaximum?: number;
  readonly requestResponseInformation?: boolean;
  readonly requestProblemInformation?: boolean;
  readonly authenticationMethod?: string;
  readonly authenticationData?: Buffer;
  readonly subscriptionIdentifier?: number;
  readonly maximumQos?: 0 | 1;
  readonly retainAvailable?: boolean;
  readonly assignedClientIdentifier?: string;
  readonly wildcardSubscriptionAvailable?: boolean;
  readonly subscriptionIdentifiersAvailable?: boolean;
  readonly sharedSubscriptionAvailable?: boolean;
  /** Seconds. */
  readonly serverKeepAlive?: number;
  readonly responseInformation?: string;
  readonly serverReference?: string;
  readonly reasonString?: string;
  readonly userProperties?: readonly UserProperty[];
}

export type ConnectProperties = Pick<
  Properties,
  | 'sessionExpiryInterval'
  | 'receiveMaximum'
  | 'maximumPacketSize'
  | 'topicAliasMaximum'
  | 'requestResponseInformation'
  | 'requestProblemInformation'
  | 'authenticationMethod'
  | 'authenticationData'
  | 'userProperties'
>;
export type ConnackProperties = Omit<Properties, 'requestResponseInformation' | 'requestProblemInformation' | 'subscriptionIdentifier'>;
export type AckProperties = Pick<Properties, 'reasonString' | 'userProperties'>;
export type SubscribeProperties = Pick<Properties, 'subscriptionIdentifier' | 'userProperties'>;
export type UnsubscribeProperties = Pick<Properties, 'userProperties'>;
export type DisconnectProperties = Pick<Properties, 'sessionExpiryInterval' | 'serverReference' | 'reasonString' | 'userProperties'>;
export type AuthProperties = Pick<Properties, 'authenticationMethod' | 'authenticationData' | 'reasonString' | 'userProperties'>;

/** Properties of a message (PUBLISH or a will). */
export interface MessageProperties {
  /** 1: the payload claims to be UTF-8. Whether it is, is not checked here. */
  readonly payloadFormatIndicator: 0 | 1 | null;
  /** Seconds. */
  readonly messageExpiryInterval: number | null;
  readonly contentType: string | null;
  /**
   * What is forwarded as it came [MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18]
   * [MQTT-3.3.2-20]: payload format, content type, response topic, correlation data and user properties in their order,
   * encoded, without a length in front; null without any. A view of what was received, like the payload.
   */
  readonly forwarded: Buffer | null;
}

export interface Will {
  readonly topic: string;
  /** A view of what was received; copy it to keep it. */
  readonly payload: Buffer;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Seconds; 0 before MQTT 5. */
  readonly delayInterval: number;
  readonly properties: MessageProperties | null;
}

export interface ConnectPacket {
  readonly type: 'connect';
  readonly version: ProtocolVersion;
  /** Clean Session, in MQTT 5 Clean Start. */
  readonly clean: boolean;
  /** Seconds; 0 is none. */
  readonly keepAlive: number;
  /** May be empty: whether that is accepted is the broker's to say. */
  readonly clientId: string;
  readonly username: string | null;
  readonly password: Buffer | null;
  readonly will: Will | null;
  readonly properties: ConnectProperties;
}

export interface PublishPacket {
  readonly type: 'publish';
  readonly dup: boolean;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Never empty: a topic alias of MQTT 5 is resolved already. */
  readonly topic: string;
  /** 0 with QoS 0. */
  readonly packetId: number;
  readonly properties: MessageProperties | null;
  /** A view of the received chunk (of up to 64 KB), never written again: copy what is kept for long. */
  readonly payload: Buffer;
}

export type AckType = 'puback' | 'pubrec' | 'pubrel' | 'pubcomp';

export interface AckPacket<Type extends AckType = AckType> {
  readonly type: Type;
  readonly packetId: number;
  /** 0 before MQTT 5. */
  readonly reasonCode: number;
  readonly properties: AckProperties;
}

export interface Subscription {
  /** As sent, with `$share/<name>/` if it is shared. */
  readonly filter: string;
  /** Of a shared subscription; null of any other. */
  readonly shareName: string | null;
  /** What topics are matched with: `filter` without `$share/<name>/`. */
  readonly topicFilter: string;
  /** The byte on the wire; before MQTT 5 it holds the QoS alone. */
  readonly options: number;
  readonly qos: Qos;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  /** 0: send retained messages; 1: only for a new subscription; 2: do not. */
  readonly retainHandling: 0 | 1 | 2;
}

export interface SubscribePacket {
  readonly type: 'subscribe';
  readonly packetId: number;
  /** At least one. */
  readonly subscriptions: readonly Subscription[];
  readonly properties: SubscribeProperties;
}

export interface UnsubscribePacket {
  readonly type: 'unsubscribe';
  readonly packetId: number;
  /** At least one, as sent. */
  readonly filters: readonly string[];
  readonly properties: UnsubscribeProperties;
}

export interface PingreqPacket {
  readonly type: 'pingreq';
}

export interface DisconnectPacket {
  readonly type: 'disconnect';
  /** 0x04 asks for the will to be sent. 0 before MQTT 5. */
  readonly reasonCode: number;
  readonly properties: DisconnectProperties;
}

export interface AuthPacket {
  readonly type: 'auth';
  readonly reasonCode: number;
  readonly properties: AuthProperties;
}

export type ClientPacket =
  | ConnectPacket
  | PublishPacket
  | AckPacket<'puback'>
  | AckPacket<'pubrec'>
  | AckPacket<'pubrel'>
  | AckPacket<'pubcomp'>
  | SubscribePacket
  | UnsubscribePacket
  | PingreqPacket
  | DisconnectPacket
  | AuthPacket;

/** What the hub sends to a subscriber. */
export interface OutgoingPublish {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly dup: boolean;
  /** Not 0 with QoS 1 and 2; may be set later with copyPublish. */
  readonly packetId: number;
  /** `MessageProperties.forwarded`; left out before MQTT 5, like all that follows. */
  readonly forwardedProperties: Uint8Array | null;
  /** Seconds that are left. */
  readonly messageExpiryInterval: number | null;
  readonly subscriptionIdentifiers: readonly number[];
}

/** Why the bytes of a connection are not taken any further. */
export interface PacketFailure {
  /** Of MQTT 5 (reason-codes.ts). */
  readonly reasonCode: number;
  /** Plain English, without anything of what was sent. */
  readonly reason: string;
  /** In whose shape the client may be told; null: the connection is closed without a word. */
  readonly version: ProtocolVersion | null;
  /** The answer is CONNACK: no CONNECT was taken yet. */
  readonly beforeConnect: boolean;
}
