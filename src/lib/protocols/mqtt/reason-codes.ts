/** Reason codes of MQTT 5 (section 2.4) that the adapter sends itself. */
export const REASON = {
  success: 0x00,
  implementationSpecific: 0x83,
  malformed: 0x81,
  protocolError: 0x82,
  identifierNotValid: 0x85,
  notAuthorized: 0x87,
  serverShuttingDown: 0x8b,
  filterInvalid: 0x8f,
  topicInvalid: 0x90,
  receiveMaximumExceeded: 0x93,
  packetTooLarge: 0x95,
  quotaExceeded: 0x97,
  administrativeAction: 0x98,
  payloadFormatInvalid: 0x99,
} as const;
export type ReasonCode = (typeof REASON)[keyof typeof REASON];

/** Return codes of CONNACK in MQTT 3.1.1 (table 3.1); aedes translates them for MQTT 5. */
export const REFUSAL = { identifier: 2, unavailable: 3, credentials: 4, notAuthorized: 5 } as const;
export type Refusal = (typeof REFUSAL)[keyof typeof REFUSAL];
